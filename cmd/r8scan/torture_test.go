package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"r8scan/internal/git/gittest"
	"r8scan/report"
	"r8scan/rules"
)

var (
	tortureN    = flag.Int("torture.n", 500, "how many damaged repositories and archives TestTorture scans; 100 with -short or -race, unless given")
	tortureSeed = flag.Int64("torture.seed", 1, "seed of TestTorture's first trial; the next ones count up from it")
)

// tortureTime is much more than a trial takes: one that does not end in it hangs.
const tortureTime = time.Minute

// TestTorture damages repositories and archives at random, one or two files per trial,
// and audits the rest. The run must end by itself, with a documented exit code and no
// token in its output. If it does not find a token that survived, it must be
// incomplete.
//
// A trial is a subtest with its seed as name. If the process dies, the last subtest
// that -v prints has the seed.
func TestTorture(t *testing.T) {
	n := *tortureN
	if (testing.Short() || raceDetector) && !isSet("torture.n") {
		n = 100
	}
	bases := tortureBases(t)
	for _, b := range bases {
		b.checkWhole(t)
	}
	hangs := false // then it would run beside the next trials
	for i := 0; i < n && !hangs; i++ {
		seed := *tortureSeed + int64(i)
		t.Run(strconv.FormatInt(seed, 10), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(seed), 0))
			b := bases[rng.IntN(len(bases))]
			trial := &trial{t: t, base: b, rng: rng, cache: t.TempDir()}
			defer func() {
				b.restore(t)
				hangs = trial.hangs
				if t.Failed() {
					t.Logf("damage to %q: %v", b.name, trial.damages)
					t.Logf("again: go test ./cmd/r8scan -run TestTorture -torture.n 1 -torture.seed %d", seed)
				}
			}()
			trial.run()
		})
	}
}

// homeAt makes dir the user's home, with the cache folder, on any system.
func homeAt(t *testing.T, dir string) {
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "LocalAppData", "USERPROFILE"} {
		t.Setenv(name, dir)
	}
}

func isSet(name string) bool {
	set := false
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// trial is one damaged base.
type trial struct {
	t       *testing.T
	base    *tortureBase
	rng     *rand.Rand
	cache   string
	damages []damage
	hangs   bool
}

func (r *trial) run() {
	homeAt(r.t, r.cache)
	args := []string{"audit", r.base.audit, "-f", "json", "-v"}
	if r.rng.IntN(4) > 0 {
		args = append(args, "--no-cache")
	} else { // the cache of the undamaged repository must not hide the damage
		r.scan(args...)
	}
	r.damages = r.base.damage(r.t, r.rng)
	code, out := r.scan(args...)
	if code != exitUsage && !r.t.Failed() {
		r.checkResult(code, out)
	}
	// Other formats and commands must show no token, and end as documented.
	switch r.rng.IntN(8) {
	case 0:
		formats := report.Formats()
		r.scan("audit", r.base.audit, "-f", formats[r.rng.IntN(len(formats))], "-v")
	case 1:
		r.scan("history", r.base.audit)
	case 2:
		r.scan("staged", r.base.audit)
	case 3:
		r.scan("files", r.base.root)
	}
}

// scan runs a command and checks what every command must do: end with a documented
// exit code, show no token, and print one line if it cannot start.
func (r *trial) scan(args ...string) (code int, stdout []byte) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	var out, errs bytes.Buffer
	ended := make(chan int, 1)
	go func() { ended <- command{strings.NewReader(""), &out, &errs}.run(ctx, args) }()
	select {
	case code = <-ended:
	case <-time.After(tortureTime):
		r.hangs = true
		r.t.Fatalf("%v: it hangs", args)
	}
	for stream, text := range map[string][]byte{"standard output": out.Bytes(), "standard error": errs.Bytes()} {
		for p := range r.base.shown(text) {
			if !r.broken(p) {
				r.t.Errorf("%v: %s shows 12 characters or more of the token in %s", args, stream, p.where)
			}
		}
	}
	switch code {
	case exitClean, exitFound, exitIncomplete:
	case exitUsage:
		line, whole := strings.CutSuffix(errs.String(), "\n")
		if out.Len() > 0 || !whole || strings.Contains(line, "\n") || !strings.HasPrefix(line, "r8scan: ") {
			r.t.Errorf("%v: exit code 2 with %d bytes on standard output and %q on standard error", args, out.Len(), rules.Redact(errs.String()))
		}
	default:
		r.t.Errorf("%v: exit code %d", args, code)
	}
	return code, out.Bytes()
}

// shownLen is how many characters in a row of a token's body must not be shown.
const shownLen = 12

// shown returns the tokens of which text has shownLen characters in a row.
func (b *tortureBase) shown(text []byte) map[*planted]bool {
	if b.parts == nil {
		b.parts = map[string]*planted{}
		for i := range b.tokens {
			p := &b.tokens[i]
			for at := len("r8_"); at+shownLen <= len(p.token); at++ {
				b.parts[p.token[at:at+shownLen]] = p
			}
		}
	}
	out := map[*planted]bool{}
	for at := 0; at+shownLen <= len(text); at++ {
		if p := b.parts[string(text[at:at+shownLen])]; p != nil {
			out[p] = true
		}
	}
	return out
}

// broken reports whether the damage left a part of the token that is no token any
// more, and so cannot be masked.
func (r *trial) broken(p *planted) bool {
	for _, d := range r.damages {
		for _, file := range []string{d.path, d.with} {
			text := bytes.ReplaceAll(r.base.readDamaged(file), []byte(p.token), []byte{0})
			if r.base.shown(text)[p] {
				return true
			}
		}
	}
	return false
}

// checkWhole checks that all tokens are found in the undamaged base. Without that the
// trials mean nothing.
func (b *tortureBase) checkWhole(t *testing.T) {
	t.Helper()
	homeAt(t, t.TempDir())
	r := &trial{t: t, base: b}
	code, out := r.scan("audit", b.audit, "-f", "json", "--no-cache")
	doc := r.read(out)
	if code != exitFound || doc.Complete == b.lacks {
		t.Errorf("%q as it was built: exit code %d, unread %v", b.name, code, doc.Coverage.Unread)
	}
	for _, p := range r.missed(doc) {
		t.Errorf("%q as it was built: the token in %s is not found", b.name, p.where)
	}
	if t.Failed() {
		t.FailNow()
	}
}

func (r *trial) read(out []byte) *report.Document {
	r.t.Helper()
	doc, err := report.Read(bytes.NewReader(out)) // Read refuses contradictions
	if err != nil {
		r.t.Fatal(err)
	}
	return doc
}

// checkResult checks that the result of an audit claims nothing false.
func (r *trial) checkResult(code int, out []byte) {
	doc := r.read(out)
	if code == exitClean && !doc.Complete {
		r.t.Error("exit code 0, but the result is incomplete")
	}
	if foundIn(doc)[tokenID(gittest.Token(outsideToken))] {
		r.t.Error("it read files outside the audited folder")
	}
	if !doc.Complete {
		return
	}
	if r.base.lacks {
		r.t.Error("false clean: the missing history is not named")
	}
	if len(r.damages) == 1 && r.damages[0].removes && r.base.needed[r.damages[0].path] {
		r.t.Error("a needed file is removed, but the result is complete")
	}
	left := r.base.rawLeft(r.t)
	for _, p := range r.missed(doc) {
		switch {
		case left[p]:
			r.t.Errorf("false clean: the token in %s is still there in plain text", p.where)
		case r.required(p):
			r.t.Errorf("false clean: the token in %s is neither found nor gone", p.where)
		}
	}
}

func (r *trial) missed(doc *report.Document) (out []*planted) {
	found := foundIn(doc)
	for i := range r.base.tokens {
		if p := &r.base.tokens[i]; !found[tokenID(p.token)] {
			out = append(out, p)
		}
	}
	return out
}

func foundIn(doc *report.Document) map[string]bool {
	ids := map[string]bool{}
	for _, f := range doc.Findings {
		ids[f.TokenID] = true
	}
	return ids
}

func tokenID(token string) string { return rules.NewSecret(token, 0).ID() }

// required reports whether a token that is not in plain text must be found, or its loss
// be noticed.
func (r *trial) required(p *planted) bool {
	switch p.kept {
	case inObject: // its checksum, and what names it, show the damage
		return len(p.only) == 0 || !r.removed(p.only)
	case inContainer: // its checksum shows the damage, if it is still recognized
		return r.swapped(p.only[0]) || !r.removed(p.only) && p.looks(r.base.readDamaged(p.only[0]))
	}
	return false
}

// swapped reports whether the file is undamaged and has another name.
func (r *trial) swapped(file string) bool {
	for _, d := range r.damages {
		if d.with != "" && (d.path == file || d.with == file) {
			return true
		}
	}
	return false
}

// removed reports whether the damage has removed all files.
func (r *trial) removed(files []string) bool {
	for _, file := range files {
		gone := false
		for _, d := range r.damages {
			gone = gone || d.removes && d.path == file
		}
		if !gone {
			return false
		}
	}
	return true
}

// rawLeft returns the tokens that are in plain text in an audited file or name.
func (b *tortureBase) rawLeft(t *testing.T) map[*planted]bool {
	t.Helper()
	left := map[*planted]bool{}
	err := filepath.WalkDir(b.audit, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		text := []byte(e.Name() + "\n")
		if e.Type().IsRegular() {
			content, err := os.ReadFile(path)
			if os.IsPermission(err) {
				return nil // named as unread
			}
			if err != nil {
				return err
			}
			text = append(text, content...)
		}
		for i := range b.tokens {
			p := &b.tokens[i]
			left[p] = left[p] || standsAlone(text, p.token)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// standsAlone reports whether text has the token, and the characters around it cannot
// belong to it.
func standsAlone(text []byte, token string) bool {
	for {
		at := bytes.Index(text, []byte(token))
		if at < 0 {
			return false
		}
		before, after := text[:at], text[at+len(token):]
		if (at == 0 || !partOfWord(before[at-1])) && (len(after) == 0 || !partOfWord(after[0])) {
			return true
		}
		text = after
	}
}

func partOfWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// readDamaged returns the present content of a file of the base, nil if it cannot be
// read.
func (b *tortureBase) readDamaged(path string) []byte {
	full := filepath.Join(b.root, path)
	if info, err := os.Lstat(full); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	text, err := os.ReadFile(full)
	if err != nil {
		return nil
	}
	return text
}

func (d damage) String() string {
	if d.with == "" {
		return fmt.Sprintf("%s of %s", d.how, d.path)
	}
	return fmt.Sprintf("%s of %s with %s", d.how, d.path, d.with)
}
