// Package home knows where the project lives. It has no public address yet, so nothing
// it prints or documents may name one: whoever took that name could give everyone who
// follows the line a program of theirs. TestNoNameOfOthers checks that.
package home

// Repository is the address of the repository, such as github.com/<owner>/r8scan, once it
// belongs to the project, and so do the names r8scan on PyPI and npm. Everything that
// names an address follows it.
const Repository = ""

// Page returns the URL of the page about r8scan, "" if there is none.
func Page() string {
	if Repository == "" {
		return ""
	}
	return "https://" + Repository
}

// Install returns how to install r8scan, as the end of a sentence.
func Install() string {
	if Repository == "" {
		return "go install ./cmd/r8scan in a clone of r8scan"
	}
	return "go install " + Repository + "/cmd/r8scan@latest"
}
