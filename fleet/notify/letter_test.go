package notify

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"r8scan/report"
)

// TestLetters shows the mails as they are.
func TestLetters(t *testing.T) {
	many := disabled()
	for i := range 12 {
		p := many.Places[0]
		p.Path = fmt.Sprintf("src/%d.py", i)
		many.Places = append(many.Places, p)
	}
	other := event()
	other.Mask, other.TokenID, other.Account = "r8_Xy"+strings.Repeat("*", 35), "fedcba9876543210", nil
	other.Places = []Place{{URL: "https://github.com/acme/app/issues/7#issuecomment-1"}}
	dead := event()
	dead.Status = report.StatusRevoked
	for name, events := range map[string][]Event{"live": {event()}, "disabled": {disabled()}, "many": {many, other}, "dead": {dead}, "dead-and-live": {dead, other}} {
		text, page, err := newLetter(events).write()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".txt", text)
		golden(t, name+".html", page)
	}
}

// TestManyTokens: each token of a long mail is named, and so is what is left off.
func TestManyTokens(t *testing.T) {
	var events []Event
	for i := range 40 {
		e := disabled()
		e.TokenID = fmt.Sprintf("%016d", i)
		events = append(events, e)
	}
	text, page, err := newLetter(events).write()
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		if !strings.Contains(text, e.TokenID) || !strings.Contains(page, e.TokenID) {
			t.Errorf("token %d is not there", i)
		}
	}
	if n := strings.Count(text, "and 1 more place"); n != len(events) {
		t.Errorf("%d name what is left off", n)
	}
	if len(page) > 100_000 {
		t.Errorf("%d bytes: Gmail cuts a mail of more than 102 KB", len(page))
	}
}

// TestHostileLetter: no field becomes a line, a tag, a link or a token.
func TestHostileLetter(t *testing.T) {
	text, page, err := newLetter([]Event{hostile()}).write()
	if err != nil {
		t.Fatal(err)
	}
	noToken(t, "text", text)
	noToken(t, "page", page)
	for _, bad := range []string{"\r", "\x1b", "\x00", "\u202e", "\nBcc"} {
		if strings.Contains(text, bad) || strings.Contains(page, bad) {
			t.Errorf("%q is there", bad)
		}
	}
	if regexp.MustCompile(`(?i)<(script|at|img|link|iframe|[!@](channel|u1))`).MatchString(page) || strings.Contains(page, "javascript:") || strings.Contains(text, "javascript:") {
		t.Errorf("a tag or a script is there:\n%s", page)
	}
	for _, href := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(href[1], "https://") || strings.ContainsAny(href[1], " <>'`*()[]|") {
			t.Errorf("a link: %s", href[1])
		}
	}
}

// TestLink makes links of https URLs only, without a login, a token or markup.
func TestLink(t *testing.T) {
	for text, want := range map[string]string{
		"https://github.com/a/b/blob/1/c.py#L1": "https://github.com/a/b/blob/1/c.py#L1", "https://a.example/?q=1&r=2": "https://a.example/?q=1&r=2", "https://a.example/x (1)*[y]'|": "https://a.example/x%20%281%29%2A%5By%5D%27%7C",
		"https://a.example/r8_" + body(): "", "https://a.example/r8%5F" + body(): "", "https://a.example/?q=r8_" + body(): "", "https://a.example/#r8%5f" + body(): "",
		"": "", "http://a.example/": "", "javascript:alert(1)": "", "//a.example/": "", "https:///x": "", "https://user:pass@a.example/": "", "https://a.example/\n": "", "https://a.example/%zz": "", "https://a.example/" + strings.Repeat("x", maxURL): "",
	} {
		if got := link(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestRemote: a mail loads nothing.
func TestRemote(t *testing.T) {
	_, page, err := newLetter([]Event{hostile(), disabled()}).write()
	if err != nil {
		t.Fatal(err)
	}
	if bad := regexp.MustCompile(`(?i)\s(src|srcset|background|style)=|url\(|@import|<(img|link|form|object|svg)`).FindString(page); bad != "" {
		t.Errorf("%q loads something, or runs", bad)
	}
}
