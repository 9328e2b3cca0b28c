package texts

import "encoding/json"

// State is what a later reading need not ask for again. It holds no text: only times,
// ids, ETags, and what the Visitor wants to remember of a text.
type State struct {
	About   About                // the repository
	Lists   map[string]List      `json:",omitempty"` // that are read by time, by name
	Counted map[string][]Counted `json:",omitempty"` // pages of runs and artifacts, by the list's name
	Pages   map[string]Page      `json:",omitempty"` // of other lists, by URL
	Texts   map[string]Entry     `json:",omitempty"` // that a match was found in, by key
	Nodes   map[string]Entry     `json:",omitempty"` // that only GraphQL lists, by id; without Found if nothing was
	Files   map[string]Entry     `json:",omitempty"` // logs, artifacts and files of releases, by key
}

// About is what a repository says of itself.
type About struct {
	ETag     string `json:"etag,omitempty"`
	FullName string `json:"full_name,omitempty"`
	Wiki     bool   `json:"has_wiki,omitempty"`
	Issues   bool   `json:"has_issues,omitempty"`
	Talks    bool   `json:"has_discussions,omitempty"`
}

// Counted is a page of a list that says how many things it has.
type Counted struct {
	URL, ETag, Next string
	Total           int
	Things          json.RawMessage // what is needed of each
}

// List is how far a list was read.
type List struct {
	Since     string // when its last text was changed
	URL, ETag string // of the last page
	Bare      bool   `json:",omitempty"` // some of it was read without a token, so without earlier versions
}

// Page is a page of a list.
type Page struct {
	ETag, Next string
	Bare       bool     `json:",omitempty"` // as in List
	Files      []File   `json:",omitempty"` // that it names
	Found      []string `json:",omitempty"` // keys of texts on it that have a match and keep no edits
}

// Entry is something that was read.
type Entry struct {
	Text  Text            // without its parts
	Mark  string          `json:",omitempty"` // of the version that was read; "" if it has none
	ETag  string          `json:",omitempty"`
	Found json.RawMessage `json:",omitempty"` // as the Visitor gave it
	Again bool            `json:",omitempty"` // the Visitor could not say all that it found: it must be read again
}

// Text is a text beside the repository.
type Text struct {
	Kind string // a Kind constant of package result
	Path string // what it is called in results
	URL  string // of its page; "" if GitHub names none that may be shown
	Node string `json:",omitempty"` // its id in GraphQL, if it keeps its edits
	API  string `json:",omitempty"` // where it is asked for alone

	Updated string `json:"-"`
	edited  bool   // it may have been edited
	Parts   []Part `json:"-"`
}

// key tells texts apart.
func (t *Text) key() string { return t.Kind + " " + t.Path }

// Part is a part of a text: its title, its body, or what one of them was earlier.
type Part struct{ Name, Text string }

// File is a file beside the repository. Its content never changes.
type File struct {
	Text
	Key  string // tells files apart, and their versions
	From string // where it is downloaded
}

// fill makes the maps of a state.
func (s *State) fill() {
	if s.Lists == nil {
		s.Lists = map[string]List{}
	}
	if s.Pages == nil {
		s.Pages = map[string]Page{}
	}
	if s.Counted == nil {
		s.Counted = map[string][]Counted{}
	}
	for _, m := range []*map[string]Entry{&s.Texts, &s.Nodes, &s.Files} {
		if *m == nil {
			*m = map[string]Entry{}
		}
	}
}
