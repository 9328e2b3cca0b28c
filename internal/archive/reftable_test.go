package archive

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// tableOf returns a table of a few refs and logs.
func tableOf(t testing.TB) []byte {
	one, two := strings.Repeat("01", 20), strings.Repeat("02", 20)
	return gittest.Table{BlockSize: 4096,
		Refs: []gittest.TableRef{{Name: "HEAD", Target: "refs/heads/main"}, {Name: "refs/heads/gone"}, {Name: "refs/heads/main", ID: one}, {Name: "refs/tags/v1", ID: two, Peeled: one}},
		Logs: []gittest.TableLog{
			{Name: "refs/heads/main", Update: 1, Old: strings.Repeat("00", 20), New: two, Who: "Ada", Mail: "ada@example.org", Time: 1700000000, Zone: -130, Message: "commit: one\n"},
			{Name: "refs/heads/main", Update: 2, Old: two, New: one, Who: "Ada", Mail: "ada@example.org", Time: 1700000001, Zone: 100, Message: "reset"},
			{Name: "refs/stash", Update: 1},
		}}.Bytes(t)
}

// TestReftable reads refs and logs as texts like those that git writes. The table
// is a file, a compressed file, and a member of an archived git directory.
func TestReftable(t *testing.T) {
	one, two := strings.Repeat("01", 20), strings.Repeat("02", 20)
	refs := "ref: refs/heads/main HEAD\ndeleted refs/heads/gone\n" + one + " refs/heads/main\n" + two + " refs/tags/v1\n"
	log := two + " " + one + " Ada <ada@example.org> 1700000001 +0100\treset\n" +
		strings.Repeat("00", 20) + " " + two + " Ada <ada@example.org> 1700000000 -0130\tcommit: one\n"
	b := tableOf(t)
	for prefix, b := range map[string][]byte{
		"":                         b,
		"x.ref!":                   gz(t, string(b)),
		"a/.git/reftable/0x1.ref!": tarOf(t, file{"a/.git/reftable/0x1.ref", string(b)}),
	} {
		f := read(t, b, map[bool]string{true: "x.ref.gz"}[prefix == "x.ref!"], defaultLimits())
		f.has(t, prefix+"refs", refs)
		f.has(t, prefix+"logs/refs/heads/main", log)
		f.complete(t)
	}
}

// TestReftableLimits reports tables that exceed the limits.
func TestReftableLimits(t *testing.T) {
	table := gittest.Table{BlockSize: 1 << 20}
	for i := range 1000 {
		table.Logs = append(table.Logs, gittest.TableLog{Name: strings.Repeat("n", i/10+1), Update: uint64(i), Old: strings.Repeat("01", 20), New: strings.Repeat("01", 20), Message: strings.Repeat("x", 1000)})
	}
	b := table.Bytes(t)
	small := func(change func(l *Limits)) Limits {
		l := defaultLimits()
		change(&l)
		return l
	}
	for want, l := range map[string]Limits{
		"it has more than 5 members":                small(func(l *Limits) { l.Entries = 5 }),
		"it expands to more than 100000 bytes":      small(func(l *Limits) { l.Expanded = 100000 }),
		"it expands to more than 10 times its size": small(func(l *Limits) { l.Ratio, l.RatioFloor = 10, 0 }),
		"needs more than the 10000 bytes of memory": small(func(l *Limits) { l.Memory = 10000 }),
	} {
		f := &found{text: map[string][]byte{}}
		must(t, Walk(context.Background(), Input{At: bytes.NewReader(b), Size: int64(len(b))}, Reftable, l, f))
		if len(f.unread) != 1 || !strings.Contains(f.unread[0], want) {
			t.Errorf("unread: %q, want %q", f.unread, want)
		}
	}
}
