package fix

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	before := "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\n"
	after := "a\nB\nc\nd\ne\nf\ng\nh\ni\nj\nk\nx\nl\n"
	want := "@@ -1,5 +1,5 @@\n a\n-b\n+B\n c\n d\n e\n@@ -9,5 +9,5 @@\n i\n j\n k\n+x\n l\n-m"
	if got := strings.Join(diff([]byte(before), []byte(after), []byte(before), []byte(after)), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := diff([]byte(before), []byte(before), []byte(before), []byte(before)); got != nil {
		t.Errorf("got %q", got)
	}
}

// TestEdited: the lines of a diff give both texts, whatever they are.
func TestEdited(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func() []string {
		lines := make([]string, r.IntN(12))
		for i := range lines {
			lines[i] = string(rune('a' + r.IntN(4)))
		}
		return lines
	}
	for range 5000 {
		x, y := text(), text()
		var a, b []string
		changes := 0
		for _, l := range edited(x, y) {
			if l.sign != '+' {
				a = append(a, x[l.old])
			}
			if l.sign != '-' {
				b = append(b, y[l.new])
			}
			if l.sign == ' ' && x[l.old] != y[l.new] {
				t.Fatalf("%q and %q: a line that differs counts as the same", x, y)
			}
			if l.sign != ' ' {
				changes++
			}
		}
		if strings.Join(a, "") != strings.Join(x, "") || strings.Join(b, "") != strings.Join(y, "") || changes > len(x)+len(y) {
			t.Fatalf("%q and %q become %q and %q", x, y, a, b)
		}
	}
}
