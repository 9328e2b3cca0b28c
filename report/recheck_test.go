package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"r8scan/rules"
)

func at(status Status, when string) Verification {
	v := Verification{Status: status}
	if when != "" {
		v.CheckedAt = day(when + "T10:00:00Z")
	}
	return v
}

// recheckDocument is a recheck of fullDocument in which each finding went another way.
func recheckDocument() *Document {
	doc := fullDocument()
	doc.Tool, doc.StartedAt = Tool{Name: "r8scan", Version: "v1.3.0"}, day("2024-06-07T08:09:10Z")
	doc.Rechecked = &Rechecked{ScannedAt: day("2024-05-06T05:08:09Z"), ScannedBy: Tool{Name: "r8scan", Version: "v1.2.3"}, Gone: 2, Unread: 1}
	doc.Asked = &Asked{Host: "api.replicate.com", Live: 1, Revoked: 1, Unknown: 1, Sent: 3, Handling: "sent to no other host; not stored, not logged"}
	doc.LeftOut = map[string]int{}
	ada := &Account{"user", "ada", "Ada L."}
	live, was := at(StatusLive, "2024-06-07"), at(StatusLive, "2024-05-06")
	live.Account, was.Account = ada, ada
	no := Verification{Status: StatusUnknown, Reason: "it is gone from its places, so nobody was asked about it: it may still work"}
	blocked := Verification{Status: StatusUnknown, Reason: "HTTP 403 from something other than Replicate", CheckedAt: live.CheckedAt}
	for i, r := range []struct {
		now Verification
		Recheck
	}{
		{live, Recheck{RecheckThere, 8, was}},
		{at(StatusRevoked, "2024-06-07"), Recheck{RecheckThere, 1, was}},
		{no, Recheck{RecheckGone, 0, was}},
		{Verification{Status: StatusUnknown, Reason: "its places could not be read, so nobody was asked about it: it may still work"}, Recheck{RecheckUnread, 0, at(StatusUnchecked, "")}},
		{blocked, Recheck{RecheckThere, 1, at(StatusUnknown, "2024-05-06")}},
		{at(StatusRevoked, "2024-05-06"), Recheck{RecheckGone, 0, at(StatusRevoked, "2024-05-06")}},
		{live, Recheck{RecheckThere, 2, at(StatusUnchecked, "")}},
	} {
		doc.Findings[i].Verification, doc.Findings[i].Recheck = r.now, &r.Recheck
	}
	return doc
}

func TestRecheckGolden(t *testing.T) {
	for _, format := range []string{"text", "markdown", "json"} {
		golden(t, "recheck."+format, render(t, format, recheckDocument(), Options{}))
	}
	var b bytes.Buffer
	if err := Summary(&b, recheckDocument(), Options{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "recheck.summary", b.String())
}

// TestRecheckReads: a recheck that was saved looks the same in every format, and
// one that no recheck writes is refused.
func TestRecheckReads(t *testing.T) {
	doc := recheckDocument()
	doc.Findings[4].Locations[0].Path = "a" // no JSON holds what is not UTF-8
	saved := render(t, "json", doc, Options{})
	again, err := Read(strings.NewReader(saved))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range Formats() {
		if got, want := render(t, format, again, Options{}), render(t, format, doc, Options{}); got != want {
			t.Errorf("%s: read again it is\n%s\nnot\n%s", format, got, want)
		}
	}
	for _, tt := range []struct{ from, to, want string }{
		{`"state": "gone"`, `"state": "lost"`, "finding 3: unknown state of the recheck"},
		{`"status": "unchecked"`, `"status": ""`, "unknown verification status before the recheck"},
		{`"places": 8`, `"places": -8`, "finding 1: a negative number of places in the recheck"},
	} {
		bad := strings.Replace(saved, tt.from, tt.to, 1)
		if _, err := Read(strings.NewReader(bad)); bad == saved || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.to, err, tt.want)
		}
	}
}

func TestRecheckNames(t *testing.T) {
	text := mustJSON(t, recheckDocument())
	for _, want := range []string{`"rechecked":{"scanned_at":"2024-05-06T05:08:09Z","scanned_by":{"name":"r8scan","version":"v1.2.3"},"scan_complete":false,"gone":2,"unread":1}`,
		`"recheck":{"state":"there","places":8,"before":{"status":"live","checked_at":"2024-05-06T10:00:00Z","account":{`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if text := mustJSON(t, fullDocument()); strings.Contains(text, "recheck") {
		t.Error("a scan has fields of a recheck")
	}
}

// TestBefore: a recheck of a recheck tells of the last clear answer that was
// another one.
func TestBefore(t *testing.T) {
	live, revoked, unknown, unchecked := at(StatusLive, "2024-01-01"), at(StatusRevoked, "2024-02-02"), at(StatusUnknown, "2024-03-03"), at(StatusUnchecked, "")
	earlier := at(StatusLive, "2023-12-12")
	for _, tt := range []struct {
		name     string
		recorded Verification
		before   *Verification // that of an earlier recheck
		now      Status
		want     Verification
	}{
		{"a scan", live, nil, StatusRevoked, live},
		{"nothing changed", live, nil, StatusLive, live},
		{"never asked", unchecked, nil, StatusLive, unchecked},
		{"unknown", unknown, nil, StatusUnknown, unknown},
		{"lives on, then revoked", live, &earlier, StatusRevoked, live},
		{"revoked, and still", revoked, &live, StatusRevoked, live},
		{"gone meanwhile", unknown, &live, StatusUnknown, live},
		{"gone meanwhile, then revoked", unknown, &live, StatusRevoked, live},
		{"gone meanwhile, still live", unknown, &live, StatusLive, live},
		{"never asked, twice", unknown, &unchecked, StatusLive, unknown},
	} {
		f := Finding{Verification: tt.recorded}
		if tt.before != nil {
			f.Recheck = &Recheck{State: RecheckThere, Before: *tt.before}
		}
		if got := Before(f, tt.now); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// TestRecheckLine: each way has its line, and only what can be disabled on the page
// of API tokens is sent there.
func TestRecheckLine(t *testing.T) {
	var lines []string
	for _, f := range recheckDocument().Findings {
		lines = append(lines, recheckLine(f))
	}
	page := " at " + rules.TokensPage
	want := []string{
		"was live on 2024-05-06, and still is: disable it as ada" + page + ", then recheck",
		"was live on 2024-05-06, now revoked (user ada): no action needed",
		"was live on 2024-05-06, now gone from its places: that does not disable it; look for it by its mask" + page,
		"not asked before, and its places could not be read: make them readable and recheck, or look for it by its mask" + page,
		"was unknown on 2024-05-06, and still is: recheck later, or look for it by its mask" + page,
		"was revoked on 2024-05-06, and still is: no action needed",
		"not asked before, now live: disable it as ada" + page + ", then recheck",
	}
	if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	if got := recheckLine(fullDocument().Findings[0]); got != "" {
		t.Errorf("a scan's finding has %q", got)
	}
	for _, r := range rules.All() {
		f := Finding{Rule: r.ID, Verification: Verification{Status: StatusUnknown}, Recheck: &Recheck{State: RecheckGone, Before: Verification{Status: StatusUnchecked, CheckedAt: time.Time{}}}}
		if got := strings.Contains(recheckLine(f), rules.TokensPage); got != (r == rules.APIToken) {
			t.Errorf("%s: %s", r.ID, recheckLine(f))
		}
	}
	f := Finding{Rule: rules.CogToken.ID, Verification: Verification{Status: StatusLive, Account: &Account{Type: "user", Username: "ada"}}, Recheck: &Recheck{State: RecheckThere, Before: at(StatusUnchecked, "")}}
	if got, want := recheckLine(f), "not asked before, now live: "+rules.CogToken.Remedy.Short+" (user ada), then recheck"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
