package page

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"r8scan/fleet/ledger"
	"r8scan/fleet/store"
	"r8scan/internal/terminal"
	"r8scan/report"
)

// reader shows what the ledger has.
type reader struct{ *server }

// statuses are those of tokens, as the page lists them.
func statuses() []report.Status {
	return []report.Status{report.StatusLive, report.StatusUnknown, report.StatusUnchecked, report.StatusRevoked}
}

// tokensView lists tokens.
type tokensView struct {
	frame
	Lead    string
	Waiting *link // acts that wait for a person; nil for none
	Tabs    []tab
	Tokens  []tokenView
	Back    bool // the list does not begin at its beginning
	Path    string
	Next    string // "" at the end
	Facts   []fact // not on further pages
	Fresh   string
}

// fact is a line of the numbers.
type fact struct{ Name, Value string }

// live lists what is live now, and how far the fleet is.
func (s reader) live(r request) (string, any, error) { return s.tokenList(r, report.StatusLive) }

// tokens lists those with another status.
func (s reader) tokens(r request) (string, any, error) {
	status := report.Status(r.URL.Query().Get("status"))
	if !slices.Contains(statuses(), status) {
		return "", nil, ledger.ErrLost
	}
	return s.tokenList(r, status)
}

func (s reader) tokenList(r request, status report.Status) (string, any, error) {
	ctx := r.Context()
	n, err := s.numbers.read(ctx, s.store, r.now)
	if err != nil {
		return "", nil, err
	}
	states, err := ledger.NoticeStates(ctx, s.store.DB)
	if err != nil {
		return "", nil, err
	}
	after := cursorOf(r.URL.Query())
	list, err := ledger.TokenPage(ctx, s.store.DB, status, after, s.rows+1)
	if err != nil {
		return "", nil, err
	}
	v := &tokensView{frame: r.frame, Back: after != ledger.Cursor{}, Path: "/tokens?status=" + string(status)}
	v.Here, v.Title = "tokens", "Tokens: "+statusWords(status)
	v.Lead = "No token is " + statusWords(status) + "."
	if status == report.StatusLive {
		v.Path, v.Title = "/", "Live tokens"
		v.Lead = "No token is live."
	}
	if len(list) > s.rows {
		list = list[:s.rows]
		last := list[s.rows-1]
		v.Next = listURL("/tokens", ledger.Cursor{At: last.FirstSeen, ID: last.ID}, "status", string(status))
	}
	if len(list) > 0 {
		v.Lead = "The oldest come first."
	}
	for _, t := range list {
		v.Tokens = append(v.Tokens, tokenOf(t, r.now))
	}
	for _, state := range []string{ledger.Refused, ledger.Uncertain} {
		if states[state] > 0 {
			v.Waiting = &link{terminal.Plural(states[ledger.Uncertain]+states[ledger.Refused], "act"), "/acts?state=" + state}
		}
	}
	for _, one := range statuses() {
		path := "/tokens?status=" + string(one)
		if one == report.StatusLive {
			path = "/"
		}
		v.Tabs = append(v.Tabs, tab{link{fmt.Sprintf("%s: %s", statusWords(one), terminal.Count(n.counts.Tokens[string(one)])), path}, one == status})
	}
	if !v.Back && status == report.StatusLive {
		v.Facts = n.facts()
	}
	return "tokens", v, nil
}

// numbers are the fleet's. To count a large fleet takes time, so they are counted once in
// a while, whoever asks.
type numbers struct {
	mu     sync.Mutex
	at     int64
	counts *ledger.Counts
	pace   ledger.Pace
}

// fresh is how long numbers are shown, in milliseconds.
const fresh = 5_000

// read returns the numbers, of a moment ago at most.
func (n *numbers) read(ctx context.Context, s *store.Store, now int64) (numberSet, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.counts != nil && now-n.at < fresh && now >= n.at {
		return numberSet{n.counts, n.pace}, nil
	}
	counts, err := ledger.Count(ctx, s.DB, now)
	if err != nil {
		return numberSet{}, err
	}
	pace, err := ledger.PaceSince(ctx, s.DB, now-time.Hour.Milliseconds())
	if err != nil {
		return numberSet{}, err
	}
	n.at, n.counts, n.pace = now, counts, pace
	return numberSet{counts, pace}, nil
}

// numberSet is what was counted at once.
type numberSet struct {
	counts *ledger.Counts
	pace   ledger.Pace
}

// facts says it.
func (n numberSet) facts() []fact {
	c := n.counts
	facts := []fact{
		{"Last hour", terminal.Plural(n.pace.Visits, "repository") + " visited, " + terminal.Plural(n.pace.Answers, "answer") + " of Replicate, " + terminal.Plural(n.pace.Findings, "new token")},
		{"In all", terminal.Plural(c.Visits, "visit") + ", " + terminal.Count(c.Scans) + " of them with something new"},
		{"Processes", terminal.Count(c.Workers) + " alive"},
		{"Repositories", statesOf(c.Repos)},
	}
	if len(c.Sources) > 0 {
		facts = append(facts, fact{"Sources", statesOf(c.Sources)})
	}
	if c.Partly > 0 {
		facts = append(facts, fact{"Read in part", terminal.Plural(c.Partly, "repository")})
	}
	if c.Deferred > 0 {
		facts = append(facts, fact{"No clear answer", terminal.Plural(c.Deferred, "token")})
	}
	if c.Overdue > 0 {
		facts = append(facts, fact{"Overdue", "the oldest visit that is due waits for " + (time.Duration(c.Overdue) * time.Millisecond).Round(time.Second).String()})
	}
	return facts
}

// statesOf says how many are in which state.
func statesOf(counts map[string]int64) string {
	text := ""
	for _, state := range slices.Sorted(maps.Keys(counts)) {
		if text != "" {
			text += ", "
		}
		text += terminal.Count(counts[state]) + " " + safe(state)
	}
	if text == "" {
		return "none"
	}
	return text
}

// reposView lists repositories.
type reposView struct {
	frame
	Repos []repoView
	Back  bool
	Next  string
}

// repositories lists them, those that a person may have to look at first.
func (s reader) repositories(r request) (string, any, error) {
	after := cursorOf(r.URL.Query())
	list, err := ledger.RepoPage(r.Context(), s.store.DB, after, s.rows+1)
	if err != nil {
		return "", nil, err
	}
	v := &reposView{frame: r.frame, Back: after != ledger.Cursor{}}
	v.Here, v.Title = "repositories", "Repositories"
	if len(list) > s.rows {
		list = list[:s.rows]
		v.Next = listURL("/repositories", list[s.rows-1].Next())
	}
	for _, one := range list {
		v.Repos = append(v.Repos, repoOf(one, r.now))
	}
	return "repositories", v, nil
}

// actsView lists acts in one state.
type actsView struct {
	frame
	Tabs    []tab
	State   string
	Notices []noticeView
	Back    bool
	Next    string
}

// noticeStates are those of notices: what waits for a person first.
func noticeStates() []string {
	return []string{ledger.Uncertain, ledger.Refused, ledger.Due, ledger.Sending, ledger.Sent, ledger.Planned}
}

// acts lists them.
func (s reader) acts(r request) (string, any, error) {
	state := r.URL.Query().Get("state")
	if state == "" {
		state = ledger.Uncertain
	}
	if !slices.Contains(noticeStates(), state) {
		return "", nil, ledger.ErrLost
	}
	counts, err := ledger.NoticeStates(r.Context(), s.store.DB)
	if err != nil {
		return "", nil, err
	}
	after := cursorOf(r.URL.Query())
	list, err := ledger.NoticePage(r.Context(), s.store.DB, state, after, s.rows+1)
	if err != nil {
		return "", nil, err
	}
	v := &actsView{frame: r.frame, State: state, Back: after != ledger.Cursor{}}
	v.Here, v.Title = "acts", "Acts: "+state
	for _, one := range noticeStates() {
		v.Tabs = append(v.Tabs, tab{link{one + ": " + terminal.Count(counts[one]), "/acts?state=" + one}, one == state})
	}
	if len(list) > s.rows {
		list = list[:s.rows]
		last := list[s.rows-1]
		v.Next = listURL("/acts", ledger.Cursor{At: last.Since, ID: last.ID}, "state", state)
	}
	for _, n := range list {
		one := noticeOf(n.Notice, r.frame.Seal, r.now)
		one.Token = &tokenView{URL: tokenURL(n.Token), Mask: safe(n.Mask), Class: "s-" + safe(string(n.Status)), Status: statusWords(n.Status)}
		v.Notices = append(v.Notices, one)
	}
	return "acts", v, nil
}

// logView lists entries of the log.
type logView struct {
	frame
	Entries []entryView
	Back    bool
	Next    string
}

// entries lists the log, the newest entry first.
func (s reader) entries(r request) (string, any, error) {
	before := cursorOf(r.URL.Query())
	list, err := ledger.EntryPage(r.Context(), s.store.DB, before, s.rows+1)
	if err != nil {
		return "", nil, err
	}
	v := &logView{frame: r.frame, Back: before != ledger.Cursor{}}
	v.Here, v.Title = "log", "Log of acts"
	if len(list) > s.rows {
		list = list[:s.rows]
		last := list[s.rows-1]
		v.Next = listURL("/log", ledger.Cursor{At: last.At, ID: last.ID})
	}
	for _, e := range list {
		v.Entries = append(v.Entries, entryOf(e.Entry, r.now))
	}
	return "log", v, nil
}
