package fix

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestPatterns compiles all patterns, because each is compiled only when it is used.
func TestPatterns(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("patternOf\\(`([^`]*)`").FindAllSubmatch(text, -1) {
			found++
			if _, err := regexp.Compile(string(m[1])); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d patterns were found", found)
	}
}
