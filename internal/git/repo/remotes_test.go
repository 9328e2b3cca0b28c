package repo

import (
	"reflect"
	"testing"

	"r8scan/internal/git/gittest"
)

// PushRemote must return the remote to which git pushes a branch.
func TestPushRemote(t *testing.T) {
	for name, config := range map[string][][2]string{
		"origin":      {{"remote.origin.url", "a"}, {"remote.other.url", "b"}, {"branch.main.merge", "refs/heads/main"}},
		"branch":      {{"remote.origin.url", "a"}, {"remote.other.url", "b"}, {"branch.main.remote", "other"}},
		"pushDefault": {{"remote.origin.url", "a"}, {"remote.other.url", "b"}, {"branch.main.remote", "origin"}, {"remote.pushDefault", "other"}},
		"pushRemote":  {{"remote.other.url", "b"}, {"remote.third.url", "c"}, {"remote.pushDefault", "other"}, {"branch.main.pushRemote", "third"}},
		"elsewhere":   {{"remote.origin.url", "a"}, {"remote.other.url", "b"}, {"branch.main.remote", "origin"}, {"branch.side.remote", "other"}},
	} {
		t.Run(name, func(t *testing.T) {
			repo := gittest.New(t)
			repo.Git("commit", "-q", "--allow-empty", "-m", "one")
			for _, kv := range config {
				repo.Git("config", kv[0], kv[1])
			}
			r, err := Within(repo.Dir).Open(repo.Dir)
			if err != nil {
				t.Fatal(err)
			}
			want := repo.Git("for-each-ref", "--format=%(push:remotename)", "refs/heads/main")
			if want == "" { // git does not print its default
				want = "origin"
			}
			if got := r.Config.PushRemote(r.Refs.Branch(), env(repo)); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// Without a configuration the remote is origin, or the only remote. This
// repository itself does not count.
func TestPushRemoteAlone(t *testing.T) {
	repo := gittest.New(t)
	check := func(want string) {
		t.Helper()
		r, err := Within(repo.Dir).Open(repo.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Config.PushRemote("refs/heads/main", env(repo)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	check("origin")
	repo.Git("config", "remote.only.url", "a")
	check("only")
	repo.Git("config", "branch.main.remote", ".")
	check("only")
}

// Tracking must not return refs of another remote whose name starts the same.
func TestTracking(t *testing.T) {
	repo := gittest.New(t)
	repo.Git("remote", "add", "a", "https://example.org/a")
	repo.Git("config", "remote.a/b.url", "https://example.org/b") // git 2.55 rejects this name in git remote add
	repo.Git("config", "remote.a.pushurl", "ssh://example.org/a")
	repo.Git("config", "extensions.partialClone", "a")
	r, err := Within(repo.Dir).Open(repo.Dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []Remote{{"a", []string{"https://example.org/a", "ssh://example.org/a"}, true}, {"a/b", []string{"https://example.org/b"}, false}}
	if got := r.Config.Remotes(env(repo)); !reflect.DeepEqual(got, want) {
		t.Errorf("remotes %v, want %v", got, want)
	}
	refs := []Ref{{Name: "refs/heads/a"}, {Name: "refs/remotes/a/b/main"}, {Name: "refs/remotes/a/bar"}, {Name: "refs/remotes/a/main"}, {Name: "refs/remotes/ab/main"}}
	for remote, want := range map[string][]Ref{"a": {refs[2], refs[3]}, "a/b": {refs[1]}, "ab": {refs[4]}, "": nil} {
		if got := r.Config.Tracking(remote, refs, env(repo)); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v", remote, got, want)
		}
	}
}

// TestAddress shows of a remote's URL what may be shown: no user, no password.
func TestAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"https://github.com/o/r.git":                  "https://github.com/o/r",
		"https://ada:secret@github.com/o/r":           "https://github.com/o/r",
		"https://x-access-token:a@b@host/o/r.git?k=v": "https://host/o/r",
		"http://localhost:8080/r":                     "http://localhost:8080/r",
		"git@github.com:o/r.git":                      "ssh://github.com/o/r",
		"gitlab.example.com:group/sub/r":              "ssh://gitlab.example.com/group/sub/r",
		"ssh://git@host:2222/o/r.git":                 "ssh://host:2222/o/r",
		"git+ssh://git@host/o/r":                      "ssh://host/o/r",
		"https://host/a/../../b":                      "https://host/b",
		" https://host/r\n":                           "https://host/r",
		"":                                            "",
		"/srv/git/r.git":                              "",
		"../r":                                        "",
		`C:\src\r`:                                    "",
		"C:/src/r":                                    "",
		"file:///srv/r":                               "",
		"ext::sh -c x":                                "",
		"https://[::1":                                "",
		"a:b://c":                                     "",
	} {
		if got := Address(remote); got != want {
			t.Errorf("%q: got %q, want %q", remote, got, want)
		}
	}
}
