package start

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"r8scan/internal/door"
	"r8scan/internal/git/repo"
)

// Tell writes what there is to scan in the folder that the user is in, and how to
// start.
func Tell(w io.Writer) error {
	where, scan, reads := inRepository()
	_, err := fmt.Fprintf(w, `r8scan finds leaked Replicate API tokens in files and in everything that git holds.

%s

  %-16s %s
  r8scan install   stop a commit or a push that carries a token
  r8scan doctor    find out why a Replicate client says AuthenticationError
  r8scan --help    everything else
`, where, scan, reads)
	return err
}

// inRepository says where the user is, which command scans it, and what that reads.
func inRepository() (where, scan, reads string) {
	r, err := find(".")
	switch {
	case errors.Is(err, repo.ErrNone):
		return "You are in no git repository.", "r8scan files", "scan the files in this folder"
	case err != nil: // such as pointers that lead out of the folder: a scan says which
		return "You are in a git repository that cannot be opened whole.", "r8scan audit", "scan it, and say what could not be read"
	case r.WorkTree == "":
		return "You are in the bare git repository " + door.Printable(r.Dir) + ".", "r8scan audit", "scan it: every git object, refs and configuration"
	}
	where = "You are in the git repository " + door.Printable(r.WorkTree)
	if branch := strings.TrimPrefix(r.Refs.Branch(), "refs/heads/"); branch != "" {
		where += ", on the branch " + door.Printable(branch)
	}
	return where + ".", "r8scan audit", "scan it: files, index, and every git object, old and deleted ones too"
}
