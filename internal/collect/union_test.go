package collect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"r8scan/internal/budget"
	"r8scan/result"
	"r8scan/rules"
)

func secretOf(n int) rules.Secret {
	return rules.NewSecret(fmt.Sprintf("r8_%s%02d", strings.Repeat("Kq7Zt", 7), n), 5)
}

// in returns a finding in a repository, where it came in on a day.
func in(n int, path, day string) result.Finding {
	at, err := time.Parse(time.DateOnly, day)
	f := result.Finding{Rule: rules.APIToken.ID, Secret: secretOf(n), Confidence: rules.High, Exposure: result.ExposureHistory,
		Locations: []result.Location{{Kind: result.KindBlob, Path: path, Line: 1}}, History: &result.History{}}
	if err == nil {
		f.History.Introduced = &result.Event{Date: at}
	}
	return f
}

func repository(url string) result.Repository { return result.Repository{URL: url} }

// TestUnion: the oldest story is the finding's own, a fork comes after what it was made
// from, and a story without a commit is the last.
func TestUnion(t *testing.T) {
	u := NewUnion(budget.New(0, 1), nil)
	u.Add(repository("https://h/a"), &result.Result{Findings: []result.Finding{in(1, "x", "")}})
	u.Add(result.Repository{URL: "https://h/b", Fork: true}, &result.Result{Findings: []result.Finding{in(1, "x", "2024-01-02")}})
	low := in(1, "z", "2024-01-02")
	low.Confidence, low.Exposure = rules.Low, result.ExposurePosted
	u.Add(repository("https://h/c"), &result.Result{Findings: []result.Finding{low, in(2, "y", "2024-01-01")}})
	u.Add(repository("https://h/d"), &result.Result{Findings: []result.Finding{in(1, "x", "2024-01-03")},
		Coverage: result.Coverage{Unread: []result.Unread{{What: "a pack", Reason: "damaged"}, {What: "https://h/d.git", Reason: "cut"}}}})
	u.Miss(repository("https://h/e"), "gone")
	res := u.Result("github:x")
	if len(res.Findings) != 2 || u.Tokens() != 2 {
		t.Fatalf("%+v", res.Findings)
	}
	f := res.Findings[slices.IndexFunc(res.Findings, func(f result.Finding) bool { return f.Secret.ID() == secretOf(1).ID() })]
	order := f.History.Repository
	for _, h := range f.Elsewhere {
		order += " " + h.Repository
	}
	if order != "https://h/c https://h/b https://h/d https://h/a" {
		t.Errorf("stories of %s", order)
	}
	if f.Confidence != rules.High || f.Exposure != result.ExposureHistory || f.Locations[0].Path != "z" || len(f.Locations) != 4 {
		t.Errorf("%+v", f)
	}
	want := []result.Unread{{What: "https://h/d.git", Reason: "cut"}, {What: "https://h/d: a pack", Reason: "damaged"}, {What: "https://h/e", Reason: "gone"}}
	if !slices.Equal(res.Coverage.Unread, want) {
		t.Errorf("%+v", res.Coverage.Unread)
	}
	complete := ""
	for _, r := range res.Target.Repositories {
		complete += fmt.Sprint(r.Complete, " ")
	}
	if complete != "true true true false false " || res.Coverage.Repositories != 4 {
		t.Errorf("%s, %+v", complete, res.Coverage)
	}
}

// TestUnionSecrets: the value of a remembered secret is that of another repository.
func TestUnionSecrets(t *testing.T) {
	u := NewUnion(budget.New(0, 1), nil)
	remembered, err := rules.Remembered(secretOf(1).Mask(), secretOf(1).ID())
	if err != nil {
		t.Fatal(err)
	}
	f := in(1, "x", "2024-01-02")
	f.Secret = remembered
	u.Add(repository("https://h/a"), &result.Result{Findings: []result.Finding{f}})
	u.Add(repository("https://h/b"), &result.Result{Findings: []result.Finding{in(1, "x", "2024-01-02")}})
	if res := u.Result(""); len(res.Findings) != 1 || res.Findings[0].Secret.IsRemembered() {
		t.Errorf("%+v", res.Findings)
	}
}

// TestUnionRoom: places beyond the limit are counted as unread, and each repository keeps
// one.
func TestUnionRoom(t *testing.T) {
	b := budget.New(0, 1)
	b.Found = 20 * locationCost
	u := NewUnion(b, nil)
	for i := range 30 {
		f := in(1, "x", "2024-01-02")
		f.Locations = slices.Repeat(f.Locations, 10)
		u.Add(repository(fmt.Sprintf("https://h/%02d", i)), &result.Result{Findings: []result.Finding{f}})
	}
	res := u.Result("")
	n, has := len(res.Findings[0].Locations), map[string]bool{}
	for _, l := range res.Findings[0].Locations {
		has[l.Repository] = true
	}
	if len(has) != 30 || n > 40 || len(res.Coverage.Unread) != 1 || !strings.Contains(res.Coverage.Unread[0].Reason, fmt.Sprintf("%d are not listed", 300-n)) {
		t.Errorf("%d places in %d repositories, %+v", n, len(has), res.Coverage.Unread)
	}
}

// TestUnionSince: what is new in one repository and was in another before is not new, and
// what is gone from one and still in another is not gone.
func TestUnionSince(t *testing.T) {
	u := NewUnion(budget.New(0, 1), nil)
	id := func(n int) string { return secretOf(n).ID() }
	gone := func(n int) result.GoneToken { return result.GoneToken{TokenID: id(n)} }
	u.Add(repository("https://h/a"), &result.Result{Findings: []result.Finding{in(1, "x", ""), in(2, "x", "")},
		Since: &result.Since{New: []string{id(1), id(2)}, Gone: []result.GoneToken{gone(3), gone(4)}, Refs: result.RefsSince{Advanced: []string{"refs/heads/m"}}}})
	u.Add(repository("https://h/b"), &result.Result{Findings: []result.Finding{in(1, "x", ""), in(3, "x", "")},
		Since: &result.Since{Still: []string{id(1), id(3)}, Gone: []result.GoneToken{gone(4)}}})
	u.Add(repository("https://h/new"), &result.Result{Findings: []result.Finding{in(5, "x", "")}})
	s := u.Result("").Since
	news, still := []string{id(2), id(5)}, []string{id(1), id(3)}
	slices.Sort(news)
	slices.Sort(still)
	if !slices.Equal(s.New, news) || !slices.Equal(s.Still, still) || !slices.Equal(s.Gone, []result.GoneToken{gone(4)}) || !slices.Equal(s.Refs.Advanced, []string{"https://h/a refs/heads/m"}) {
		t.Errorf("%+v", s)
	}
}

// TestUnionNotes: what several repositories say is said once.
func TestUnionNotes(t *testing.T) {
	u := NewUnion(budget.New(0, 1), nil)
	for _, name := range []string{"a", "b"} {
		notes := []string{"issues of o/" + name + ": off", "there are no commits in https://h/o/" + name + ".git", "the configuration is old"}
		if name == "a" {
			notes = append(notes, "odd")
		}
		u.Add(repository("https://h/o/"+name), &result.Result{Notes: notes})
	}
	want := []string{"https://h/o/a: odd", "issues of 2 repositories: off", "the configuration is old (of 2 repositories)", "there are no commits in 2 repositories"}
	got := u.Result("").Notes
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
