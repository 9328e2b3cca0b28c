package source

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/forge"
)

// FuzzList takes anything as a list: each line is a member, or named, or a comment, and no
// text of a line that may hold a password gets into what is said.
func FuzzList(f *testing.F) {
	for _, seed := range []string{"https://h/a\n#x\n\nhttps://h/a.git\r\n", "\ufeffgit@h:a/b\n\tssh://h/x ", "oci:a\ndocker://r/x\nfile:///etc", "https://u:hushhush@h/a", "@x", "\x00\xff\nhttps://h/\x1b[2J"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines, owners := 0, false
		for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				lines++
				owners = owners || forge.Is(line) // who would be asked
			}
		}
		if owners {
			return
		}
		l := Lister{Stdin: strings.NewReader(text)}
		list, err := l.List(t.Context(), "@-")
		if err != nil {
			if lines > 0 {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if n := len(list.Members) + len(list.Unread); n > lines || n == 0 {
			t.Fatalf("%q: %d of %d lines", text, n, lines)
		}
		seen := map[string]bool{}
		for _, m := range list.Members {
			if seen[m.URL] {
				t.Fatalf("%q: %s is there twice", text, m.URL)
			}
			seen[m.URL] = true
			if _, _, err := m.Source(false, 0); err != nil {
				t.Fatalf("%q: %s: %v", text, m.URL, err)
			}
		}
		if said := fmt.Sprint(list); strings.Contains(text, "hushhush@") && strings.Contains(said, "hushhush@") {
			t.Fatalf("%q: %s", text, said)
		}
	})
}

// TestListBounds: a list that is too long is refused whole.
func TestListBounds(t *testing.T) {
	var b strings.Builder
	for i := range maxMembers + 1 {
		fmt.Fprintf(&b, "https://h/%d\n", i)
	}
	path := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (&Lister{}).List(t.Context(), "@"+path); !errors.Is(err, errLongList) {
		t.Errorf("%v", err)
	}
	if _, err := (&Lister{Stdin: strings.NewReader(strings.Repeat("#\n", maxListBytes))}).List(t.Context(), "@-"); err == nil {
		t.Error("a list of any size is read")
	}
	if _, err := (&Lister{}).List(t.Context(), "@"+filepath.Dir(path)); err == nil || strings.Contains(err.Error(), "goroutine") {
		t.Errorf("a folder: %v", err)
	}
}
