package dockerfile

import (
	"fmt"
	"strings"
	"testing"
)

// TestParse shows each instruction as its keyword, its arguments and its lines.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		"FROM a":                "FROM(a)1-1",
		"\ufeffFROM a\r\nrun x": "FROM(a)1-1 RUN(x)2-2",
		"from\ta\n\n# c\nRUN a \\\n # c\n\n  b\nRUN c":       "FROM(a)1-1 RUN(a  b)4-7 RUN(c)8-8",
		"# escape=`\nRUN a `\nb\\\nRUN c":                    `RUN(a  b\)2-3 RUN(c)4-4`,
		"RUN a\n# escape=`\nRUN b `\nRUN c":                  "RUN(a)1-1 RUN(b `)3-3 RUN(c)4-4",
		"RUN a \\":                                           `RUN(a  )1-1`,
		"RUN <<A\nENV x\nA\nRUN b":                           "RUN(<<A)1-3 RUN(b)4-4",
		"COPY <<A <<-\"B\" /x/\nENV x\nA\nENV y\n\tB\nRUN c": `COPY(<<A <<-"B" /x/)1-5 RUN(c)6-6`,
		"ONBUILD RUN <<A\nENV x\nA":                          "ONBUILD(RUN <<A)1-3",
		"ENV a=<<A\nENV b=1\nA\nENV c=2":                     "ENV(a=<<A)1-1 ENV(b=1)2-2 ENV(c=2)4-4",
		"RUN <<A\nRUN b":                                     "RUN(<<A)1-1 RUN(b)2-2",
		"RUN a <<<A\nRUN b\nA":                               "RUN(a <<<A)1-1 RUN(b)2-2",
		"RUN\nFROM\n=x y\\\nRUN z":                           "",
	} {
		var got []string
		for _, i := range Parse([]byte(text)) {
			got = append(got, fmt.Sprintf("%s(%s)%d-%d", i.Keyword, i.Args, strings.Count(text[:i.From], "\n")+1, strings.Count(text[:i.To], "\n")+1))
			if i.Body < i.From || i.Body > i.To {
				t.Errorf("%q: %+v", text, i)
			}
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%q:\n%s, want\n%s", text, got, want)
		}
	}
}

// FuzzParse checks that instructions are in order and inside the text.
func FuzzParse(f *testing.F) {
	f.Add("FROM a\nCOPY --exclude=x . /\n# escape=`\nRUN <<E\nE\nADD [\"a\", \"b\"]")
	f.Add("\ufeffRUN a \\\n\n#\nb \\")
	f.Fuzz(func(t *testing.T, text string) {
		at := 0
		for _, i := range Parse([]byte(text)) {
			if i.From < at || i.Body < i.From || i.To < i.Body || i.To > len(text) || i.Keyword == "" {
				t.Fatalf("%+v behind %d of %d", i, at, len(text))
			}
			at = i.To
		}
	})
}
