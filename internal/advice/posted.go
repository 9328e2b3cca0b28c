package advice

import "r8scan/result"

// postedIn says in which texts beside a repository a token stands, by what can be done
// about them.
type postedIn struct {
	edited  bool // texts whose edits are kept: issues, comments, discussions
	release bool // a release's notes or files
	gist    bool
	run     bool // logs and artifacts of a run
}

func postedOf(places []result.Location) (p postedIn) {
	for _, l := range places {
		switch l.Kind {
		case result.KindRelease, result.KindReleaseFile:
			p.release = true
		case result.KindGist:
			p.gist = true
		case result.KindLog, result.KindArtifact:
			p.run = true
		default:
			p.edited = p.edited || result.IsPosted(l.Kind)
		}
	}
	return p
}

// steps returns how to take a token out of the texts.
func (p postedIn) steps() (s []Step) {
	if p.edited {
		s = append(s, Step{Text: "Then take it out of the text. Editing is not enough: everybody who can read the text can read what it said before. " +
			"Open \"edited\" above the text, choose the revision that has the token, and choose \"Delete revision from history\" under Options. " +
			"A title keeps its old form in the timeline: delete the issue, or ask GitHub's support. Notifications by mail cannot be taken back."})
	}
	if p.release {
		s = append(s, Step{Text: "Take it out of the release: edit its notes, and delete the file and upload it again without the token."})
	}
	if p.gist {
		s = append(s, Step{Text: "Delete the gist: it is a git repository, whose older revisions keep the token. Forks of it stay."})
	}
	if p.run {
		s = append(s, Step{Text: "Delete the run's logs (\"Delete all logs\" in the menu of the run) and its artifacts. " +
			"Then find out why the workflow prints or packs the token: a secret of the repository is masked in logs, but not in files."})
	}
	return s
}
