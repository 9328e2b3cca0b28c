package lsp

import (
	"fmt"
	"strings"
	"testing"

	"r8scan/rules"
)

// BenchmarkTyping types the last letter of a token, and waits for its mark: the whole
// way of the messages, without the editor.
func BenchmarkTyping(b *testing.B) {
	for _, size := range []int{1 << 10, 100 << 10, 5 << 20} {
		b.Run(fmt.Sprintf("%dKB", size>>10), func(b *testing.B) {
			c := dial(b, Options{MinConfidence: rules.Medium})
			c.call("initialize", map[string]any{"capabilities": map[string]any{}}, nil)
			line := "value = \"" + token[:39] + "\"\n"
			c.open("untitled:a.py", line+strings.Repeat("value = compute(other, 8)  # a line of code\n", size/44))
			c.marked("untitled:a.py", 1)
			version := 1
			at := position{0, 48}
			for b.Loop() {
				c.change("untitled:a.py", version+1, change{&span{at, at}, token[39:]})
				if len(c.marked("untitled:a.py", version+1)) != 1 {
					b.Fatal("the token is not marked")
				}
				c.change("untitled:a.py", version+2, change{&span{at, position{0, 49}}, ""})
				c.marked("untitled:a.py", version+2)
				version += 2
			}
		})
	}
}
