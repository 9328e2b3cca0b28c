package machine

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"r8scan/internal/git/gittest"
	"r8scan/rules"
	"r8scan/scanner"
)

// realTemp returns a temporary folder, through no link.
func realTemp(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// home makes a home folder with files, by their names below it.
func home(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := realTemp(t)
	for name, text := range files {
		put(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir)
	return dir
}

// options are those of a test: no limits, and nothing of the machine's own.
func options(t *testing.T) Options {
	return Options{
		Scan:   scanner.Options{MinConfidence: rules.Medium, Jobs: 2},
		Cache:  filepath.Join(t.TempDir(), "cache"),
		Limits: scanner.WalkLimits{Files: math.MaxInt64, Bytes: math.MaxInt64, Entries: 1 << 20, FileTime: time.Hour},
		Env:    func(string) string { return "" },
	}
}

func searchAll(t *testing.T, opts Options) *Found {
	t.Helper()
	f, err := Search(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// where returns the places of all tokens, sorted.
func where(f *Found) []string {
	var out []string
	for _, t := range f.Tokens {
		for _, p := range t.Places {
			out = append(out, p.Kind+" "+p.Path)
		}
	}
	slices.Sort(out)
	return out
}

// TestSearch finds a token in each of several kinds, as one token with all places, also
// in folders that variables name.
func TestSearch(t *testing.T) {
	token := gittest.Token(1)
	dir := home(t, map[string]string{
		".bash_history": "export REPLICATE_API_TOKEN=" + token, ".claude/projects/x/1.jsonl": `{"text":"` + token + `"}`,
		"cfg/Code/User/History/1/2.py": "'" + token + "'", "code/.env": "REPLICATE_API_TOKEN=" + token, "code/x.txt": "nothing",
	})
	outside := realTemp(t)
	put(t, filepath.Join(outside, "codex", "sessions", "1.jsonl"), token)
	put(t, filepath.Join(outside, "environment"), "REPLICATE_API_TOKEN="+token)
	put(t, filepath.Join(outside, "kube1"), "nothing")
	put(t, filepath.Join(outside, "kube2"), token)
	opts := options(t)
	opts.System = []string{filepath.Join(outside, "environment"), filepath.Join(outside, "not there")}
	opts.Env = func(name string) string {
		return map[string]string{
			"XDG_CONFIG_HOME": filepath.Join(dir, "cfg"), "CODEX_HOME": filepath.Join(outside, "codex"),
			"KUBECONFIG": strings.Join([]string{filepath.Join(outside, "kube1"), filepath.Join(outside, "kube2")}, string(filepath.ListSeparator)),
			"HISTFILE":   os.DevNull, "XDG_DATA_HOME": filepath.Dir(dir), "XDG_STATE_HOME": "relative", "XDG_CACHE_HOME": filepath.Join(dir, "none"), // of no use
		}[name]
	}
	f := searchAll(t, opts)
	want := []string{
		"agent-transcript " + filepath.ToSlash(outside) + "/codex/sessions/1.jsonl", "agent-transcript ~/.claude/projects/x/1.jsonl", "credential-store " + filepath.ToSlash(outside) + "/kube2", "editor-state ~/cfg/Code/User/History/1/2.py",
		"env ~/code/.env", "other " + filepath.ToSlash(outside) + "/environment", "shell-history ~/.bash_history",
	}
	if got := where(f); !slices.Equal(got, want) || len(f.Tokens) != 1 {
		t.Errorf("%d tokens in %v, want %v", len(f.Tokens), got, want)
	}
	if !f.Complete || !f.Failed() || f.Files != 9 || !slices.Equal(f.Searched, []string{"~", filepath.ToSlash(outside) + "/codex", filepath.ToSlash(outside) + "/kube1", filepath.ToSlash(outside) + "/kube2", filepath.ToSlash(outside) + "/environment"}) {
		t.Errorf("complete %v, failed %v, %d files in %v", f.Complete, f.Failed(), f.Files, f.Searched)
	}
}

// TestMayStay: a token may be in an environment file that is closed to others and in no
// backup, and is no failure there.
func TestMayStay(t *testing.T) {
	token := gittest.Token(1)
	home(t, map[string]string{"code/.env": "REPLICATE_API_TOKEN=" + token, ".config/replicate/hosts": "token: " + token})
	if f := searchAll(t, options(t)); f.Failed() || len(f.Tokens) != 1 || len(f.Tokens[0].Places) != 2 {
		t.Errorf("%+v", f.Tokens)
	}
	for _, name := range []string{"Dropbox/.env", "backups/.env", "notes.txt"} {
		home(t, map[string]string{"code/.env": "REPLICATE_API_TOKEN=" + token, name: "REPLICATE_API_TOKEN=" + token})
		if f := searchAll(t, options(t)); !f.Failed() {
			t.Errorf("%s: a token may be there", name)
		}
	}
}

// TestAllowed: what a project allows is a place on this machine all the same.
func TestAllowed(t *testing.T) {
	home(t, map[string]string{"code/x.py": "k = '" + gittest.Token(1) + "' # r8scan:allow\n"})
	if f := searchAll(t, options(t)); len(f.Tokens) != 1 || !f.Failed() {
		t.Errorf("%+v", f.Tokens)
	}
}

// many makes a home folder with many files, and returns where tokens are.
func many(t *testing.T, token string) (dir string, want []string) {
	files := map[string]string{}
	for i := range 400 {
		name := "d" + string(rune('a'+i%7)) + "/" + strings.Repeat("x", 1+i/100) + "/f" + string(rune('a'+i%26)) + strings.Repeat("y", i%11) + ".txt"
		if files[name] = "nothing"; i%37 == 0 {
			files[name] = token
		}
	}
	for name, text := range files {
		if text == token {
			want = append(want, "document ~/"+name)
		}
	}
	slices.Sort(want)
	return home(t, files), want
}

// kept returns what is kept of a search, "" if nothing is.
func kept(t *testing.T, opts Options) string {
	t.Helper()
	entries, err := os.ReadDir(opts.Cache)
	if err != nil {
		return ""
	}
	var all string
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(opts.Cache, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all += string(text)
	}
	return all
}

// TestGoesOn ends searches at a limit: one after the other comes to the end, each tells
// of all tokens so far, and what is kept has none of them. In the end nothing is kept.
func TestGoesOn(t *testing.T) {
	token := gittest.Token(1)
	dir, want := many(t, token)
	put(t, filepath.Join(dir, "zz.gz"), "\x1f\x8b\x08damaged")
	opts := options(t)
	opts.Limits.Files = 64
	var got *Found
	runs, last := 0, 0
	for ; runs < 50; runs++ {
		got = searchAll(t, opts)
		text := kept(t, opts)
		if strings.Contains(text, token[3:]) {
			t.Fatal("what is kept has a token")
		}
		if places := len(where(got)); places < last {
			t.Fatalf("%d places, and %d before", places, last)
		} else {
			last = places
		}
		if text == "" {
			break
		}
		if got.Complete {
			t.Fatal("it is complete, and is to go on")
		}
	}
	if !slices.Equal(where(got), want) || runs < 4 || got.Continued.IsZero() {
		t.Errorf("after %d runs: %v, want %v", runs, where(got), want)
	}
	if got.Complete || len(got.Unread) != 1 || got.Unread[0].What != "~/zz.gz" {
		t.Errorf("unread are %v", got.Unread)
	}
}

// TestStopped stops a search in the middle of a file that takes very long. The next one
// goes on: it finds what the first has found, too, and counts its files.
func TestStopped(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files there are not sparse by themselves")
	}
	token := gittest.Token(1)
	dir, want := many(t, token)
	long := filepath.Join(dir, "zzz.bin")
	put(t, long, "")
	if err := os.Truncate(long, 1<<42); err != nil {
		t.Skipf("no sparse files: %v", err)
	}
	opts := options(t)
	opts.Scan.Progress = &scanner.Progress{}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		_, err := Search(ctx, opts)
		failed <- err
	}()
	for opts.Scan.Progress.State().Done < 1<<22 { // it is in the long file
		runtime.Gosched()
	}
	cancel()
	if err := <-failed; err == nil {
		t.Fatal("it was not stopped")
	}
	if err := os.Truncate(long, 10); err != nil {
		t.Fatal(err)
	}
	text := kept(t, opts)
	if text == "" || strings.Contains(text, token[3:]) {
		t.Fatalf("kept is %q", text)
	}
	opts.Scan.Progress = nil
	f := searchAll(t, opts)
	if got := where(f); !slices.Equal(got, want) || f.Continued.IsZero() || !f.Complete {
		t.Errorf("found %v, want %v; complete %v", got, want, f.Complete)
	}
	anew := searchAll(t, opts)
	if !anew.Continued.IsZero() || anew.Files != f.Files || !slices.Equal(where(anew), want) {
		t.Errorf("anew: %d files, and %d in two parts; found %v", anew.Files, f.Files, where(anew))
	}
}

// TestTokenInName: a path with a token is never kept. The next search begins before it.
func TestTokenInName(t *testing.T) {
	token := gittest.Token(1)
	files := map[string]string{}
	for _, name := range strings.Fields("a b c d e f g h i j k l m n o p q r s t u v w x y z") {
		for _, more := range strings.Fields("1 2 3 4 5 6 7 8 9") {
			files[name+more+"/f"] = "nothing"
		}
	}
	files["m5/"+token+"/x"] = "nothing"
	dir := home(t, files)
	if runtime.GOOS != "windows" { // what is left out is kept too
		if err := os.Symlink(realTemp(t), filepath.Join(dir, "m5", "-"+token)); err != nil {
			t.Fatal(err)
		}
	}
	opts := options(t)
	opts.Limits.Files = 200
	f, text := searchAll(t, opts), kept(t, opts)
	if text == "" || strings.Contains(text, token[3:]) || strings.Contains(text, "n1") {
		t.Fatalf("kept is %q", text)
	}
	rest := searchAll(t, opts)
	for _, f := range []*Found{f, rest} {
		if len(f.Tokens) != 1 || f.Tokens[0].Places[0].Kind != "name" || runtime.GOOS != "windows" && len(f.NotSearched) != 1 {
			t.Errorf("found %+v", f.Tokens)
		}
	}
	if f.Complete || !rest.Complete || rest.Files != int64(len(files)) {
		t.Errorf("complete %v, then %v with %d files", f.Complete, rest.Complete, rest.Files)
	}
}

// TestNameInBytes stops in a folder whose name is not UTF-8: the next search reads the
// rest of it.
func TestNameInBytes(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("names are UTF-8 there")
	}
	token := gittest.Token(1)
	files := map[string]string{"caf\xe9/zz": token}
	for i := range 260 {
		files["caf\xe9/f"+string(rune('a'+i/10))+string(rune('0'+i%10))] = "nothing"
	}
	home(t, files)
	opts := options(t)
	opts.Limits.Files = 100
	for range 3 {
		if f := searchAll(t, opts); f.Complete != (len(f.Tokens) == 1) || f.Complete && f.Files != 261 {
			t.Errorf("complete %v, %d tokens, %d files", f.Complete, len(f.Tokens), f.Files)
		}
	}
	if text := kept(t, opts); text != "" {
		t.Errorf("it is not at its end: %s", text)
	}
}

// FuzzKept takes anything as a path: it is the same after it was kept.
func FuzzKept(f *testing.F) {
	f.Add("/home/me/x", "/home/caf\xe9\n")
	f.Fuzz(func(t *testing.T, after, again string) {
		path := filepath.Join(t.TempDir(), "kept")
		k := &keeper{path: path, shown: func(s string) string { return s }, again: map[string]bool{again: true}, at: progress{Began: time.Now(), After: after}}
		if err := k.save(); err != nil {
			t.Fatal(err)
		}
		got := &keeper{path: path, again: map[string]bool{}}
		got.load()
		if got.continued != (after != "") || got.at.After != after || after != "" && (!got.again[again] || len(got.again) != 1) {
			t.Errorf("%q and %q became %q and %q", after, again, got.at.After, got.at.Again)
		}
	})
}

// TestNotGoneOn: what is kept is of no use if it is damaged, too old, of other places,
// or not wanted.
func TestNotGoneOn(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, opts *Options, path string){
		"damaged": func(t *testing.T, _ *Options, path string) { put(t, path, "0123\n{}") },
		"old": func(t *testing.T, _ *Options, path string) {
			old := time.Now().Add(-maxAge - time.Hour)
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		},
		"other":      func(t *testing.T, opts *Options, _ string) { opts.System = []string{realTemp(t)} },
		"not wanted": func(t *testing.T, opts *Options, _ string) { opts.Anew = true },
		"not kept":   func(t *testing.T, opts *Options, _ string) { opts.Cache = "" },
	} {
		t.Run(name, func(t *testing.T) {
			many(t, gittest.Token(1))
			opts := options(t)
			opts.Limits.Files = 200
			searchAll(t, opts)
			entries, err := os.ReadDir(opts.Cache)
			if err != nil || len(entries) != 1 {
				t.Fatal(entries, err)
			}
			change(t, &opts, filepath.Join(opts.Cache, entries[0].Name()))
			opts.Limits.Files = math.MaxInt64
			if f := searchAll(t, opts); !f.Continued.IsZero() || !f.Complete {
				t.Errorf("it went on: %v; complete %v", f.Continued, f.Complete)
			}
		})
	}
}

// TestNotKept: if nothing can be kept, a search that ends at a limit says so.
func TestNotKept(t *testing.T) {
	many(t, gittest.Token(1))
	opts := options(t)
	opts.Limits.Files = 100
	put(t, opts.Cache, "a file in the place of the folder")
	f := searchAll(t, opts)
	if f.Complete || len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "could not be kept") {
		t.Errorf("complete %v, notes %v", f.Complete, f.Notes)
	}
	k := newKeeper(opts, nil, filepath.ToSlash)
	k.reached("x", 1, 1)
	stopped, stop := context.WithCancel(context.Background())
	stop()
	folder := opts.Cache
	opts.Cache = ""
	_, err := Search(stopped, opts)
	for _, err := range []error{k.save(), err} {
		if next := Next(err); !strings.Contains(next, "begins anew: how far the search is could not be kept") {
			t.Error(next)
		}
	}
	opts.Cache = folder
	if text, err := os.ReadFile(opts.Cache); err != nil || string(text) != "a file in the place of the folder" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestUnreadable names a folder that cannot be listed, and is not complete.
func TestUnreadable(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("every folder can be read")
	}
	dir := home(t, map[string]string{"locked/x": gittest.Token(1), "open/x": gittest.Token(2)})
	if err := os.Chmod(filepath.Join(dir, "locked"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "locked"), 0o700) })
	f := searchAll(t, options(t))
	if f.Complete || len(f.Unread) != 1 || f.Unread[0].What != "~/locked" || len(f.Tokens) != 1 {
		t.Errorf("complete %v, unread %v, %d tokens", f.Complete, f.Unread, len(f.Tokens))
	}
}

// TestNoHome has no home folder, or one that is no folder.
func TestNoHome(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	put(t, file, "")
	for _, dir := range []string{"", "relative", filepath.Join(t.TempDir(), "gone"), file} {
		t.Setenv("HOME", dir)
		t.Setenv("USERPROFILE", dir)
		if _, err := Search(context.Background(), options(t)); err == nil {
			t.Errorf("%q is searched", dir)
		}
	}
}

// TestNamed names files as kinds are told: a folder of the system keeps its full path.
func TestNamed(t *testing.T) {
	real := realTemp(t)
	s := &search{places: []base{{filepath.Join(real, "etc"), "/etc/profile.d"}, {filepath.Join(real, "cfg"), ".config"}, {real, ""}}, table: newTable()}
	for path, want := range map[string]string{
		"etc/x.sh": "/etc/profile.d/x.sh session-start", "etc": "/etc/profile.d session-start", "cfg/environment.d/a": ".config/environment.d/a session-start", ".bash_history": ".bash_history shell-history",
	} {
		got := s.named(filepath.Join(real, filepath.FromSlash(path)))
		if k := s.table.of(got); k == nil || got+" "+k.id != want {
			t.Errorf("%s is %s, %v; want %s", path, got, k, want)
		}
	}
}
