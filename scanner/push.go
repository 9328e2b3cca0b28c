package scanner

import "r8scan/internal/source"

// Pushed says what a push adds, and where. One of Updates, To and Current says
// what.
type Pushed struct {
	Remote  string      // its name, or its URL without one; "" for the branch's own remote, unless From is set
	URL     string      // as git push uses it; may be ""
	Updates []RefUpdate // as a hook gets them from git
	To      string      // a revision: it and its ancestors, without From's; Ref is its name at the remote, if known
	From    string      // a revision that the remote has; "" for none
	Ref     string
	Current bool // the branch that HEAD is on
}

// RefUpdate is a ref that a push sets.
type RefUpdate struct {
	Ref string // its full name at the remote
	New string // the new id in hex; zeros if the ref is deleted
	Old string // the id at the remote now; zeros if the ref is new
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
