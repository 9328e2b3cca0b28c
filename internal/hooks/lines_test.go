package hooks

import (
	"io"
	"slices"
	"strings"
	"testing"

	"r8scan/scanner"
)

func TestRefLines(t *testing.T) {
	a, b, long := strings.Repeat("a", 40), strings.Repeat("0", 40), strings.Repeat("0a", 32)
	for _, tt := range []struct {
		name, in string
		parse    func(string) (scanner.RefUpdate, bool)
		want     []scanner.RefUpdate
		err      string
	}{
		{name: "nothing", parse: parsePushLine},
		{name: "push", parse: parsePushLine, in: "refs/heads/x " + a + " refs/heads/y " + b + "\n",
			want: []scanner.RefUpdate{{Ref: "refs/heads/y", New: a, Old: b}}},
		{name: "no newline, and a revision with spaces", parse: parsePushLine, in: "main@{2 days ago} " + a + " refs/heads/y " + b,
			want: []scanner.RefUpdate{{Ref: "refs/heads/y", New: a, Old: b}}},
		{name: "deleted", parse: parsePushLine, in: "(delete) " + b + " refs/heads/y " + a + "\r\n",
			want: []scanner.RefUpdate{{Ref: "refs/heads/y", New: b, Old: a}}},
		{name: "UTF-16", parse: parseReceiveLine, in: "\xff\xfe" + strings.Join(strings.Split(b+" "+a+" refs/heads/y\r\n", ""), "\x00") + "\x00",
			want: []scanner.RefUpdate{{Ref: "refs/heads/y", New: a, Old: b}}},
		{name: "a byte order mark", parse: parsePushLine, in: "\ufeffx " + a + " refs/y " + b + "\n",
			want: []scanner.RefUpdate{{Ref: "refs/y", New: a, Old: b}}},
		{name: "SHA-256", parse: parsePushLine, in: "x " + long + " refs/y " + long,
			want: []scanner.RefUpdate{{Ref: "refs/y", New: long, Old: long}}},
		{name: "receive", parse: parseReceiveLine, in: b + " " + a + " refs/heads/y\n" + a + " " + b + " refs/tags/z\n",
			want: []scanner.RefUpdate{{Ref: "refs/heads/y", New: a, Old: b}, {Ref: "refs/tags/z", New: b, Old: a}}},
		{name: "an empty line", parse: parsePushLine, in: "x " + a + " refs/y " + b + "\n\n", err: "line 2 "},
		{name: "too few words", parse: parsePushLine, in: a + " refs/y " + b, err: "line 1 "},
		{name: "no id", parse: parsePushLine, in: "x " + a[1:] + "g refs/y " + b, err: "line 1 "},
		{name: "a short id", parse: parsePushLine, in: "x " + a[1:] + " refs/y " + b, err: "line 1 "},
		{name: "ids of two kinds", parse: parsePushLine, in: "x " + a + " refs/y " + long, err: "line 1 "},
		{name: "no name", parse: parsePushLine, in: "x " + a + "  " + b, err: "line 1 "},
		{name: "the other hook's", parse: parseReceiveLine, in: "x " + a + " refs/y " + b, err: "line 1 "},
		{name: "receive without a ref", parse: parseReceiveLine, in: b + " " + a + " y", err: "line 1 "},
		{name: "endless", parse: parsePushLine, in: strings.Repeat("x", maxRefLine+1), err: "line 1 "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := refLines(strings.NewReader(tt.in), tt.parse, "form")
			switch {
			case tt.err == "" && (err != nil || !slices.Equal(got, tt.want)):
				t.Errorf("%v, %v", got, err)
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), a[1:])):
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	if _, err := refLines(failing{}, parsePushLine, "form"); err == nil {
		t.Error("standard input fails, and there is no error")
	}
}

// failing is an input that cannot be read.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// FuzzRefLines makes sure that an accepted line has all its parts in order, and
// that an error repeats nothing of the input.
func FuzzRefLines(f *testing.F) {
	a, b := strings.Repeat("a", 40), strings.Repeat("0", 40)
	for _, seed := range []string{"", "\n", "x " + a + " refs/heads/y " + b + "\n", b + " " + a + " refs/tags/y\n", "x  " + a + "  " + b, "\x00 \xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, parse := range []func(string) (scanner.RefUpdate, bool){parsePushLine, parseReceiveLine} {
			got, err := refLines(strings.NewReader(in), parse, "form")
			if err != nil && len(got) > 0 {
				t.Fatalf("%v with %v", got, err)
			}
			if err == nil && len(got) != strings.Count(strings.TrimSuffix(in, "\n")+"\n", "\n") && in != "" {
				t.Fatalf("%d updates of %q", len(got), in)
			}
			for _, u := range got {
				if !isID(u.New) || !isID(u.Old) || u.Ref == "" || !strings.Contains(in, u.Ref) {
					t.Fatalf("%+v of %q", u, in)
				}
			}
		}
	})
}
