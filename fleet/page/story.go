package page

import (
	"r8scan/fleet/ledger"
	"r8scan/internal/terminal"
)

// storyView is the page of one token.
type storyView struct {
	frame
	Token                             tokenView
	Rule, Reason                      string
	Open                              bool
	Due                               *stamp
	Places                            []placesView
	MorePlaces, MoreAnswers, MoreTold string
	Told                              []toldView
	Verdicts                          []verdictView
	Notices                           []noticeView
	Entries                           []entryView
}

// Of one token's story a page shows so much.
const (
	maxStory   = 200
	maxEntries = 100
)

// story shows a token: places, answers, acts, and the log.
func (s reader) story(r request) (string, any, error) {
	ctx, id := r.Context(), r.PathValue("id")
	t, err := ledger.StoryOf(ctx, s.store.DB, id, maxStory)
	if err != nil {
		return "", nil, err
	}
	notices, err := ledger.NoticesOf(ctx, s.store.DB, id)
	if err != nil {
		return "", nil, err
	}
	entries, err := ledger.Entries(ctx, s.store.DB, id, maxEntries)
	if err != nil {
		return "", nil, err
	}
	v := &storyView{
		frame: r.frame, Rule: safe(t.Rule), Reason: safe(t.Reason), Open: t.Open, Due: stampOf(t.Due, r.now),
		Token:      tokenOf(ledger.ListedToken{ID: t.ID, Mask: t.Mask, FirstSeen: t.FirstSeen, Status: t.Status, Account: t.Account, Checked: t.Checked}, r.now),
		MorePlaces: more(t.Rest.Places, "more repository"), MoreAnswers: more(t.Rest.Verdicts, "older answer"), MoreTold: more(t.Rest.Told, "more place"),
		Verdicts: verdictsOf(t.Verdicts, r.now),
	}
	v.Title = "Token " + v.Token.Mask
	for _, p := range t.Places {
		v.Places = append(v.Places, placesOf(p, r.now))
	}
	for _, one := range t.Told {
		v.Told = append(v.Told, toldView{safe(one.Source), safe(one.Kind), safe(one.URL), stampOf(one.At, r.now)})
	}
	for _, n := range notices {
		v.Notices = append(v.Notices, noticeOf(n, r.frame.Seal, r.now))
	}
	for _, e := range entries {
		v.Entries = append(v.Entries, entryOf(e, r.now))
	}
	return "story", v, nil
}

// more says what was left out, "" if nothing was.
func more(n int64, what string) string {
	if n == 0 {
		return ""
	}
	return terminal.Plural(n, what)
}

// forgetView asks whether something is to be forgotten.
type forgetView struct {
	frame
	What, Name, Effect, Path, Back string
}

func (s reader) askForgetToken(r request) (string, any, error) {
	t, err := ledger.StoryOf(r.Context(), s.store.DB, r.PathValue("id"), 0)
	if err != nil {
		return "", nil, err
	}
	v := &forgetView{frame: r.frame, What: "token", Name: safe(t.Mask), Path: tokenURL(t.ID) + "/forget", Back: tokenURL(t.ID),
		Effect: "Its places, answers, acts and entries of the log are removed. It is found again when a repository that has it changes. If it is live, it stays live: forgetting disables nothing."}
	v.Title = "Forget a token"
	return "forget", v, nil
}

func (s reader) askForgetRepo(r request) (string, any, error) {
	one, err := ledger.RepoOf(r.Context(), s.store.DB, r.PathValue("id"))
	if err != nil {
		return "", nil, err
	}
	v := &forgetView{frame: r.frame, What: "repository", Name: safe(one.URL), Path: repoOf(one, r.now).Forget, Back: "/repositories",
		Effect: "It and the tokens that stand in no other repository are removed, with their answers, acts and entries of the log. A source that lists it adds it again."}
	v.Title = "Forget a repository"
	return "forget", v, nil
}
