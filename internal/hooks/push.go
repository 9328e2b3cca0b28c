package hooks

import (
	"cmp"
	"io"
	"os"

	"r8scan/internal/terminal"
	"r8scan/scanner"
)

// PreCommitPushes reports whether the pre-commit framework has started this
// process in its pre-push stage, or for a range of commits. It has one command
// for all stages, so that staged has to do what push does.
func PreCommitPushes() bool {
	return os.Getenv("PRE_COMMIT") != "" && (os.Getenv("PRE_COMMIT_TO_REF") != "" || os.Getenv("PRE_COMMIT_REMOTE_NAME") != "")
}

// RunByCommit reports whether git has started this process, or one that has, to
// check a commit: it then names the index. It does so whether it is quiet or not.
func RunByCommit() bool { return os.Getenv("GIT_INDEX_FILE") != "" }

// pushed finds out what is to be pushed, and where: from the lines on in, unless
// somebody types there, the framework's variables, or args, a remote and its
// URL.
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
	case os.Getenv("PRE_COMMIT") != "" || os.Getenv("PRE_COMMIT_TO_REF") != "": // it has read the lines itself
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
