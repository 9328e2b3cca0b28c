package excerpt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"r8scan/internal/git/gittest"
	"r8scan/result"
	"r8scan/rules"
)

// at returns the place of a token in a line of a text, as a scan tells it.
func at(text, token string) result.Location {
	before, _, _ := strings.Cut(text, token)
	line := strings.Count(before, "\n") + 1
	column := len(utf16.Encode([]rune(before[strings.LastIndex(before, "\n")+1:]))) + 1
	return result.Location{Path: "a.txt", Kind: result.KindFile, Line: line, Column: column, EndColumn: column + len(token)}
}

// TestLine shows lines: nothing secret is in them, and no more than there is room
// for.
func TestLine(t *testing.T) {
	token, other := gittest.Token(1), gittest.Token(2)
	shown := token[:5] + "***"
	random := "q5Zt8Qw1LpXc7Vb2NmKj9Hg5"
	for _, tt := range []struct {
		name, text string
		width      int
		want       string
	}{
		{"short", "x\n\tclient = Client(api_token='" + token + "')  \ny", 100, "client = Client(api_token='" + shown + "')"},
		{"alone", token, 100, shown},
		{"another token", token + " " + other, 100, shown + " " + other[:5] + "***"},
		{"a neighbour", "KEY=" + random + " T=" + token, 100, "KEY=" + random[:3] + "*** T=" + shown},
		{"names", "REPLICATE_API_TOKEN_FOR_PRODUCTION=" + token + " # see replicate/configuration2", 100, "REPLICATE_API_TOKEN_FOR_PRODUCTION=" + shown + " # see replicate/configuration2"},
		{"numbers", "1234567890123456 " + token, 100, "123*** " + shown},
		{"not ASCII", "ключ é🔑 = '" + token + "'", 100, "ключ é🔑 = '" + shown + "'"},
		{"cut behind", "token = '" + token + "' # " + strings.Repeat("a b ", 100), 30, "token = '" + shown + "' # a b a b …"},
		{"cut before", strings.Repeat("a b ", 100) + "token = '" + token + "'", 30, "… b a b a b token = '" + shown + "'"},
		{"cut both", strings.Repeat("a b ", 100) + "t='" + token + "'" + strings.Repeat(" c d", 100), 20, "…a b t='" + shown + "' c…"},
		{"no room", "token = '" + token + "'", 0, "…" + shown + "…"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got := New(dir).Line(at(tt.text, token), tt.width)
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		if n := len([]rune(got)); n > max(tt.width, len(shown)+2) {
			t.Errorf("%s: %d columns, want %d", tt.name, n, tt.width)
		}
		if strings.Contains(got, token[5:12]) || strings.Contains(got, other[5:12]) || strings.Contains(got, random[3:10]) {
			t.Errorf("%s: %q shows a secret", tt.name, got)
		}
	}
}

// TestEncoded masks the place of a token that is written in another form.
func TestEncoded(t *testing.T) {
	line := "token: cjhfSHcwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAx # end"
	if got := masked(line, 8, 48, 80); strings.Contains(got, "cjhf") || !strings.HasPrefix(got, "token: ***") {
		t.Errorf("got %q", got)
	}
	if got := masked("a 'r8_' +", 3, 2, 80); got != "a ***" { // it goes on in the next line
		t.Errorf("got %q", got)
	}
}

// TestNoLine: what is no line of a text is not shown.
func TestNoLine(t *testing.T) {
	dir, token := t.TempDir(), gittest.Token(1)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.txt", token)
	write("binary", "ab\x00c"+token)
	write("long", strings.Repeat(" ", maxFile)+token)
	write("wide", "\xff\xfe"+strings.Join(strings.Split("k="+token, ""), "\x00")+"\x00")
	file := func(path string) result.Location {
		return result.Location{Path: path, Kind: result.KindFile, Line: 1, Column: 1, EndColumn: 41}
	}
	r := New(dir)
	for _, l := range []result.Location{
		file("gone"), file("binary"), file("long"), file("."), file(""),
		{Path: "a.txt", Kind: result.KindBlob, Line: 1, Column: 1, EndColumn: 41},
		{Path: "a.txt", Kind: result.KindFile, Line: 2, Column: 1, EndColumn: 41},
		{Path: "a.txt", Kind: result.KindFile, Member: "m", Line: 1, Column: 1, EndColumn: 41},
	} {
		if got := r.Line(l, 80); got != "" {
			t.Errorf("%+v: got %q", l, got)
		}
	}
	wide := file("wide")
	wide.Column, wide.EndColumn = 3, 43
	if got := r.Line(wide, 80); got != "k="+token[:5]+"***" {
		t.Errorf("UTF-16: got %q", got)
	}
}

// FuzzMasked: whatever the line and the columns, no token is shown.
func FuzzMasked(f *testing.F) {
	token := gittest.Token(1)
	f.Add("token = '"+token+"'", 10, 50, 30)
	f.Add(token+token, 5, 3, 0)
	f.Add("é🔑\xff"+token, 4, 44, 20)
	f.Fuzz(func(t *testing.T, line string, start, end, width int) {
		got := masked(line, start, end, width)
		if m := rules.Find(nil, []byte(got), 0, len(got)); len(m) > 0 && m[0].Confidence > rules.Low {
			t.Errorf("%q", got)
		}
	})
}
