package progress

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"r8scan/scanner"
)

// lines are states and the lines they give on terminals of 100 and of 20 columns.
var lines = []struct {
	name         string
	state        state
	wide, narrow string
}{
	{"packs", state{State: scanner.State{Phase: "reading packs", Reads: true, Known: true, Done: 70, Total: 1000, Objects: 61_483, AllObjects: 849_014, Tokens: 2}, speed: 25_600, left: 32 * time.Second, isLeft: true},
		"reading packs  7%  [#--------------------]  61,483 of 849,014 objects  25,600/s  0:32 left  2 tokens", "7%  0:32 left"},
	{"packs, folders to list", state{State: scanner.State{Phase: "reading packs", Reads: true, Done: 70, Total: 1000, Objects: 9, AllObjects: 10}},
		"reading packs  9 of 10 objects", "9 of 10 objects"},
	{"files", state{State: scanner.State{Phase: "reading files", Reads: true, Known: true, Done: 1_200_000_000, Total: 3_100_000_000, Files: 1}, speed: 210e6, left: 9 * time.Second, isLeft: true},
		"reading files  38%  [##########------------------]  1.2 GB of 3.1 GB  210 MB/s  0:09 left", "38%  0:09 left"},
	{"files, not all listed", state{State: scanner.State{Phase: "reading files", Reads: true, Done: 1_200_000, Total: 3_100_000, Files: 1203}, speed: 999},
		"reading files  1,203 files, 1.2 MB of an unknown total  999 B/s", "1,203 files"},
	{"some commits", state{State: scanner.State{Phase: "reading what commits change", Reads: true, Objects: 1, Tokens: 1}},
		"reading what commits change  1 object  1 token", "1 object  1 token"},
	{"stories", state{State: scanner.State{Phase: "following tokens through history", Known: true, Done: 999, Total: 1000, Objects: 5, AllObjects: 5}, left: 2 * time.Hour, isLeft: true},
		"following tokens through history  99%  [###########################-]  2:00:00 left", "99%  2:00:00 left"},
	{"all done, and more to do", state{State: scanner.State{Phase: "reading files", Reads: true, Known: true, Done: 1000, Total: 1000, Files: 1}},
		"reading files  99%  [###########################-]  1.0 kB of 1.0 kB", "reading files  99%"},
	{"asking", state{State: scanner.State{Phase: "following tokens through history", Known: true, Done: 1, Total: 1, Tokens: 40}, asked: 10, toAsk: 40},
		"asking Replicate  25%  [#######---------------------]  10 of 40 tokens  40 tokens", "25%  [###---------]"},
	{"repositories", state{State: scanner.State{Phase: "reading repositories", Known: true, Done: 12, Total: 50, Repositories: 12, AllRepositories: 50, Objects: 777, Tokens: 3}, left: time.Minute, isLeft: true},
		"reading repositories  24%  [######---------------------]  12 of 50 repositories  1:00 left  3 tokens", "24%  1:00 left"},
	{"a list of repositories", state{State: scanner.State{Phase: "listing repositories"}}, "listing repositories", "0 files"},
	{"nothing yet", state{State: scanner.State{Phase: "reading files", Reads: true}},
		"reading files  0 files, 0 B of an unknown total", "0 files"},
}

func TestLine(t *testing.T) {
	for _, tt := range lines {
		if got := tt.state.line(100); got != tt.wide {
			t.Errorf("%s, 100 columns: %q, want %q", tt.name, got, tt.wide)
		}
		if got := tt.state.line(20 - 1); got != tt.narrow {
			t.Errorf("%s, 20 columns: %q, want %q", tt.name, got, tt.narrow)
		}
	}
}

// TestLineFits draws each line at each width: it is one line, has room, tells
// something from 16 columns on, and all it can tell on a wide terminal.
func TestLineFits(t *testing.T) {
	for _, tt := range lines {
		for width := -1; width <= 200; width++ {
			got := tt.state.line(width)
			if len(got) > max(0, width) || strings.ContainsAny(got, "\r\n\t\x1b") || strings.TrimSpace(got) != got {
				t.Errorf("%s, %d columns: %q", tt.name, width, got)
			}
			if got == "" && width >= 16 {
				t.Errorf("%s: nothing in %d columns", tt.name, width)
			}
		}
	}
}

func TestInterrupted(t *testing.T) {
	for want, s := range map[string]state{
		"interrupted: 61,483 of 849,014 objects read; 2 tokens so far":          {State: scanner.State{Reads: true, Objects: 61_483, AllObjects: 849_014, Tokens: 2}},
		"interrupted: 3 of 4 objects and 1,203 files read; 0 tokens so far":     {State: scanner.State{Reads: true, Objects: 3, AllObjects: 4, Files: 1203}},
		"interrupted: 1 file (2.8 MB) read; 1 token so far":                     {State: scanner.State{Reads: true, Files: 1, Done: 2_800_000, Tokens: 1}},
		"interrupted: 4 of 4 objects read; 3 tokens so far; asked about 1 of 3": {State: scanner.State{Objects: 4, AllObjects: 4, Tokens: 3}, asked: 1, toAsk: 3},
	} {
		if got := s.interrupted(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestMeasure goes through the phases of a run: each is measured on its own.
func TestMeasure(t *testing.T) {
	var m meter
	now := time.Unix(1_700_000_000, 0)
	s := state{State: scanner.State{Phase: "reading files", Reads: true, Total: 4000}}
	steps := func(n int, change func(), want func() bool, what string) {
		t.Helper()
		for range n {
			change()
			now = now.Add(every)
			m.measure(&s, now)
		}
		if !want() {
			t.Errorf("%s: %+v", what, s)
		}
	}
	steps(30, func() { s.Done += 10 }, func() bool { return !s.isLeft && s.perSecond() == "100 B/s" }, "no total")
	s.Known = true
	steps(5, func() { s.Done += 10 }, func() bool { return !s.isLeft }, "a total for half a second")
	steps(25, func() { s.Done += 10 }, func() bool { return s.isLeft && s.left > 33*time.Second && s.left < 35*time.Second }, "a total")
	s = state{State: scanner.State{Phase: "reading packs", Reads: true, Known: true, Total: 1000, AllObjects: 500}}
	steps(20, func() { s.Done, s.Objects = s.Done+10, s.Objects+2 }, func() bool { return s.perSecond() == "20/s" && s.left > 7*time.Second && s.left < 9*time.Second }, "packs")
	s.toAsk = 100
	steps(2, func() { s.asked++ }, func() bool { return !s.isLeft && s.perSecond() == "" }, "asking")
	steps(20, func() { s.asked++ }, func() bool { return s.left > 7*time.Second && s.left < 9*time.Second }, "asking for a while")
}

// TestWatchSilent: to what is no terminal only an interruption is told, and not
// if all is to be quiet.
func TestWatchSilent(t *testing.T) {
	for _, tt := range []struct {
		quiet, interrupted bool
		want               string
	}{
		{false, false, ""},
		{false, true, "interrupted: 0 files (0 B) read; 0 tokens so far\n"},
		{true, true, ""},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		var b bytes.Buffer
		d := Watch(ctx, &b, true, tt.quiet)
		if tt.interrupted {
			cancel()
		}
		d.Stop()
		d.Stop()
		cancel()
		if b.String() != tt.want {
			t.Errorf("%+v: it told %q", tt, b.String())
		}
	}
}
