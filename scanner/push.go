package scanner

import "r8scan/internal/source"

// Pushed says what a push is to bring and where. One of Updates, To and Current
// says what it brings.
type Pushed struct {
	Remote  string      // its name, or its URL if it has none; "" for the one that the branch goes to, unless From is given
	URL     string      // as git push uses it; may be ""
	Updates []RefUpdate // as git tells a hook
	To      string      // a revision: what leads to it and not to From; Ref is the name at the remote, if known
	From    string      // a revision that the remote has; "" for none
	Ref     string
	Current bool // the branch that HEAD is on
}

// RefUpdate is a ref that a push sets.
type RefUpdate struct {
	Ref string // its full name where it is pushed to
	New string // id in hex of what it is to name; zeros if it is deleted
	Old string // id of what it names there now; zeros for nothing
}

func (p Pushed) source() source.Pushed {
	return source.Pushed{Remote: p.Remote, URL: p.URL, Updates: sourceUpdates(p.Updates), To: p.To, From: p.From, Ref: p.Ref, Current: p.Current}
}

func sourceUpdates(updates []RefUpdate) (list []source.RefUpdate) {
	for _, u := range updates {
		list = append(list, source.RefUpdate(u))
	}
	return list
}
