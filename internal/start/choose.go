// Package start helps whoever does not know r8scan yet: it chooses a scan for what they
// name, says what there is to scan where they are, and knows what other scanners call
// things.
package start

import (
	"errors"
	"os"

	"r8scan/internal/forge"
	"r8scan/internal/git/fetch"
	"r8scan/internal/git/repo"
	"r8scan/internal/oci"
	"r8scan/internal/regular"
	"r8scan/internal/shell"
)

// Choice is the command that fits what was named.
type Choice struct {
	Command string // audit, history, files, image or many
	Path    string // its argument
	Why     string // what Path is, and what the command reads of it; "" if nothing is there
}

// Choose returns the command for the path that args holds; without one, for the folder
// that the user is in. The path need not lead anywhere: the command says what is wrong
// with it.
func Choose(args []string) Choice {
	if len(args) == 0 {
		if _, err := find("."); errors.Is(err, repo.ErrNone) {
			return Choice{"files", ".", "you are in no git repository, so this reads the files in this folder"}
		}
		return Choice{"audit", ".", "this reads everything in the repository that you are in"}
	}
	path := args[0]
	if oci.Is(path) {
		return Choice{"image", path, "this reads all layers of the image, and its configuration"}
	}
	if forge.IsList(path) {
		return Choice{"many", path, "this reads the history of each repository on its server, without clones"}
	}
	if local, ok := fetch.LocalPath(path); ok {
		path = local
	}
	if path == "-" {
		return Choice{"files", path, "this reads standard input"}
	}
	info, err := os.Stat(path)
	switch {
	case err != nil && fetch.IsURL(path):
		return Choice{"history", path, "this reads the history on the server, without a clone"}
	case err != nil:
		return Choice{"files", path, ""}
	case !info.IsDir():
		return Choice{"files", path, "this reads the file"}
	}
	r, err := find(path)
	switch {
	case errors.Is(err, repo.ErrNone):
		return Choice{"files", path, "the folder is in no git repository, so this reads its files"}
	case err == nil && !isTop(r, path):
		return Choice{"files", path, "the folder is a part of a git repository, so this reads its files; r8scan audit reads the history too"}
	}
	return Choice{"audit", path, "the folder is a git repository, so this reads everything in it"}
}

// Check says what is wrong with flags that go with some commands only: texts, and those
// that leave out some of an owner's repositories.
func (c Choice) Check(texts, leavesOut bool) error {
	switch {
	case leavesOut && c.Command != "many":
		return errors.New("--no-forks and --no-archived go with github:ORG, gitlab:GROUP, hf:OWNER and @FILE only")
	case texts && c.Command != "many" && c.Command != "history":
		return errors.New("--texts needs the URL of a repository on GitHub, such as https://github.com/owner/name, or github:ORG")
	}
	return nil
}

// Line says which command was chosen, and why. It does not repeat a URL, which may
// hold a password.
func (c Choice) Line() string {
	path := ""
	switch {
	case c.Command == "image": // of scan itself; who writes a password into the name does not see it again
		return "r8scan scan IMAGE: " + c.Why
	case c.Command == "many":
		return "r8scan scan: " + c.Why
	case c.Path == "-":
		path = " -"
	case c.Path != "." && c.Command != "history":
		path = " " + shell.Quote(c.Path)
	}
	return "r8scan " + c.Command + path + ": " + c.Why
}

// find returns the repository around a folder.
func find(path string) (*repo.Repo, error) {
	return repo.Discover(regular.Real(path), os.LookupEnv)
}

// isTop reports whether path is the top of a repository's work tree, or its git
// directory.
func isTop(r *repo.Repo, path string) bool {
	real := regular.Real(path)
	return real == r.WorkTree || real == r.Dir
}
