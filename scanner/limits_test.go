package scanner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/budget"
	"r8scan/internal/search"
	"r8scan/rules"
)

// TestRoom makes sure that many false matches hide no token, and that what has no room is
// named.
func TestRoom(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found := budget.New(0, 1).Found
	write("a", strings.Repeat("r8_", int(found>>11)+1000)+"\n"+strings.Repeat(token(1)+"\n", int(found>>8)+10))
	write("b", token(2))
	res, err := Files(t.Context(), []string{dir}, nil, Options{MinConfidence: rules.High, Jobs: 1})
	if err != nil || len(res.Findings) != 2 {
		t.Fatalf("%v: %d findings", err, len(res.Findings))
	}
	if u := res.Coverage.Unread; len(u) != 2 || u[0].Reason != search.TooMany || u[1].What != "places of tokens" {
		t.Errorf("unread %v", u)
	}
}

// TestKernelFile makes sure that in a file that reports size 0, such as those in /proc,
// what is not read is named.
func TestKernelFile(t *testing.T) {
	const path = "/proc/kallsyms"
	text, err := os.ReadFile(path)
	if err != nil || len(text) <= search.WindowLen {
		t.Skip("this system has no such file that is long enough")
	}
	res, err := Files(t.Context(), []string{path}, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if u := res.Coverage.Unread; len(u) != 1 || u[0].What != path {
		t.Errorf("unread %v", u)
	}
}
