package hooks

import (
	"cmp"
	"io"
	"os"

	"r8scan/internal/terminal"
	"r8scan/scanner"
)

// PreCommitPushes reports whether the pre-commit framework runs this process in
// its pre-push stage, or for a range of commits. The framework has one command for
// all stages, so staged then does what push does.
func PreCommitPushes() bool {
	return os.Getenv("PRE_COMMIT") != "" && (os.Getenv("PRE_COMMIT_TO_REF") != "" || os.Getenv("PRE_COMMIT_REMOTE_NAME") != "")
}

// RunByCommit reports whether this process runs in a hook of git commit, which
// sets GIT_INDEX_FILE, with -q too.
func RunByCommit() bool { return os.Getenv("GIT_INDEX_FILE") != "" }

// pushed finds out what is pushed, and where: from the lines of in, unless it is a
// terminal, from the framework's variables, or from args, a remote and its URL.
func pushed(in io.Reader, args []string) (scanner.Pushed, error) {
	var p scanner.Pushed
	if len(args) > 0 {
		p.Remote, p.URL = args[0], args[len(args)-1]
	}
	byHand := terminal.Input(in) != nil
	if !byHand {
		var err error
		if p.Updates, err = pushLines(in); err != nil {
			return p, err
		}
	}
	switch {
	case len(p.Updates) > 0:
	case os.Getenv("PRE_COMMIT") != "" || os.Getenv("PRE_COMMIT_TO_REF") != "": // the framework has read the lines
		p.Remote = cmp.Or(p.Remote, os.Getenv("PRE_COMMIT_REMOTE_NAME"))
		p.URL = cmp.Or(p.URL, os.Getenv("PRE_COMMIT_REMOTE_URL"))
		p.From, p.To = os.Getenv("PRE_COMMIT_FROM_REF"), os.Getenv("PRE_COMMIT_TO_REF")
		p.To = cmp.Or(p.To, os.Getenv("PRE_COMMIT_LOCAL_BRANCH"), "HEAD") // a first push has no refs
		p.Ref = os.Getenv("PRE_COMMIT_REMOTE_BRANCH")
	case byHand || len(args) == 0:
		p.Current = true
	}
	return p, nil
}
