package fix

import (
	"strings"
	"testing"
)

// TestTangled gives the lexer texts in which each literal has no end: it gives up.
func TestTangled(t *testing.T) {
	for _, tt := range []struct {
		unit string
		lang *language
	}{{`"${`, kotlin()}, {"`${", javascript()}, {"f'{", python()}, {`"${`, terraform()}, {"%w( ", ruby()}} {
		if lex(tt.lang, []byte(strings.Repeat(tt.unit, 1<<14))) != nil {
			t.Errorf("%q is read to its end", tt.unit)
		}
	}
}

// TestLex has what is easily taken for a string, and strings that hold such things.
func TestLex(t *testing.T) {
	for _, tt := range []struct {
		lang *language
		text string
		want string // the literals and comments, in the order of their ends
	}{
		{python(), "x = 'a' # it's\ny = \"\"\"b'c\"\"\" rb'd\\'e'", "'a'|# it's|\"\"\"b'c\"\"\"|rb'd\\'e'"},
		{python(), `f"a {b['c']} {{d}}" f'{x:>{y}}'`, `'c'|f"a {b['c']} {{d}}"|f'{x:>{y}}'`},
		{python(), "'open\n'b'", "'b'"},
		{javascript(), "a / b; /['\"]/.test('c') // d\n`e ${f('g')} h`", `/['"]/|'c'|// d|'g'|` + "`e ${f('g')} h`"},
		{javascript(), "x = 'a\\\r\nb'", "'a\\\r\nb'"},
		{golang(), "'\"' + `a\"` /* b */ \"c\"", "'\"'|`a\"`|/* b */|\"c\""},
		{ruby(), "%w[a 'b] 'c' d = e % 'f'; <<~X\n g 'h'\n X\n'i'", "%w[a 'b]|'c'|'f'| g 'h'\n|'i'"},
		{php(), "it's <?php 'a'; // b ?> c 'd' <?= \"e\" #[f]\n", "it's <?|'a'|// b |?> c 'd' <?|\"e\""},
		{rust(), "fn f<'a>(b: &'a str) { 'c'; '\\''; r#\"d\"e\"#; \"f\" }", "'c'|'\\''|r#\"d\"e\"#|\"f\""},
		{csharp(), "@\"a\"\"b\" $\"{c(\"d\")}\" '\"'", "@\"a\"\"b\"|\"d\"|$\"{c(\"d\")}\"|'\"'"},
		{powershell(), "\"a `\" b\" 'c''d' <# ' #> # e", "\"a `\" b\"|'c''d'|<# ' #>|# e"},
		{terraform(), "a = \"${b(\"c\")}\" // d\ne = <<-F\n  g\n  F\n", "\"c\"|\"${b(\"c\")}\"|// d|  g\n"},
	} {
		var got []string
		for _, s := range lex(tt.lang, []byte(tt.text)).spans {
			got = append(got, tt.text[s.from:s.to])
		}
		if all := strings.Join(got, "|"); all != tt.want {
			t.Errorf("%q: got %q, want %q", tt.text, all, tt.want)
		}
	}
}
