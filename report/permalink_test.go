package report

import (
	"testing"

	"r8scan/result"
)

// TestPermalink names pages only of commits that a remote has, and only on hosts
// whose pages are known.
func TestPermalink(t *testing.T) {
	pushed := &result.History{Refs: []string{"refs/heads/main", "refs/remotes/origin/main"}}
	local := &result.History{Refs: []string{"refs/heads/main"}}
	at := func(path string, line int, member string) spot {
		return spot{at: result.Location{Path: path, Line: line, Member: member}, commit: commit("a")}
	}
	for _, tt := range []struct {
		name, remote string
		history      *result.History
		spot         spot
		want         string
	}{
		{"github", "https://github.com/o/r", pushed, at("a b/é#.py", 3, ""), "https://github.com/o/r/blob/" + commit("a") + "/a%20b/%C3%A9%23.py#L3"},
		{"github by ssh", "ssh://github.com:22/o/r", pushed, at("a.py", 3, ""), "https://github.com/o/r/blob/" + commit("a") + "/a.py#L3"},
		{"a company's github", "https://github.example.com/o/r", pushed, at("a.py", 3, ""), "https://github.example.com/o/r/blob/" + commit("a") + "/a.py#L3"},
		{"gitlab", "https://gitlab.com/g/s/r", pushed, at("a.py", 3, ""), "https://gitlab.com/g/s/r/-/blob/" + commit("a") + "/a.py#L3"},
		{"bitbucket", "https://bitbucket.org/o/r", pushed, at("a.py", 3, ""), "https://bitbucket.org/o/r/src/" + commit("a") + "/a.py#lines-3"},
		{"an archive", "https://github.com/o/r", pushed, at("a.zip", 3, "b.py"), "https://github.com/o/r/blob/" + commit("a") + "/a.zip"},
		{"another host", "https://example.com/o/r", pushed, at("a.py", 3, ""), ""},
		{"a host that ends like it", "https://evilgithub.com/o/r", pushed, at("a.py", 3, ""), ""},
		{"no path", "https://github.com/", pushed, at("a.py", 3, ""), ""},
		{"no remote", "", pushed, at("a.py", 3, ""), ""},
		{"no URL", "https://[::1", pushed, at("a.py", 3, ""), ""},
		{"not pushed", "https://github.com/o/r", local, at("a.py", 3, ""), ""},
		{"not in git", "https://github.com/o/r", nil, at("a.py", 3, ""), ""},
		{"no commit", "https://github.com/o/r", pushed, spot{at: result.Location{Path: "a.py"}}, ""},
		{"a message", "https://github.com/o/r", pushed, at("", 1, ""), ""},
		{"a token as name", "https://github.com/o/r", pushed, at("r8_Hw***/a", 1, ""), ""},
	} {
		if got := permalink(result.Target{Remote: tt.remote}, tt.history, tt.spot); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	scanned := result.Target{Path: "https://github.com/o/r", Remote: "https://github.com/o/r"}
	if got, want := permalink(scanned, local, at("a.py", 3, "")), "https://github.com/o/r/blob/"+commit("a")+"/a.py#L3"; got != want {
		t.Errorf("a scanned remote: got %q, want %q", got, want)
	}
	if got := permalink(scanned, &result.History{}, at("a.py", 3, "")); got != "" {
		t.Errorf("without a ref: %q", got)
	}
}

// TestSpots: the work tree's file and git's copy of it are one place, and other
// versions of a file are counted.
func TestSpots(t *testing.T) {
	blob := func(path string, line int, object, commitID string, current bool) result.Location {
		return result.Location{Path: path, Line: line, Column: 9, Kind: result.KindBlob, Object: object, Commit: commitID, Current: current}
	}
	locations := []result.Location{
		file("a.py", 3), file("a.py", 7),
		{Path: "a.py", Line: 3, Column: 9, Kind: result.KindIndex, Object: commit("1")},
		blob("a.py", 3, commit("1"), commit("c"), true), blob("a.py", 2, commit("2"), commit("b"), false), blob("a.py", 1, commit("2"), commit("b"), false),
		blob("b.py", 3, commit("1"), commit("d"), false),
		{Kind: result.KindCommit, Object: commit("e"), Line: 1},
		{Kind: result.KindCommit, Object: commit("f"), Line: 1},
	}
	got := spotsOf(locations, false)
	if len(got) != 4 || got[0].lines != 1 || got[0].versions != 1 || got[0].commit != commit("c") || got[1].at.Path != "b.py" {
		t.Errorf("%+v", got)
	}
	if all := spotsOf(locations, true); len(all) != len(locations) {
		t.Errorf("all are %d places, want %d", len(all), len(locations))
	}
}
