package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestDiagnose diagnoses texts with each problem.
func TestDiagnose(t *testing.T) {
	token := testToken(20)
	body := token[len(prefix):]
	const (
		spaces   = "there is a space around it"
		newline  = "there is a line break around it"
		markdown = "there is a backslash before its underscore, as in Markdown"
		quoted   = "there are quotes around it"
	)
	for _, c := range []struct {
		text     string
		problems []string
		askable  bool
		provider string
	}{
		{token, nil, true, "Replicate"},
		{" " + token, []string{spaces}, true, "Replicate"},
		{token + "\n", []string{newline}, true, "Replicate"},
		{token + "\r\n", []string{"there is a carriage return around it, as in files from Windows", newline}, true, "Replicate"},
		{"\t" + token + " ", []string{"there is a tab around it", spaces}, true, "Replicate"},
		{"\u00a0" + token, []string{"there is a no-break space around it, as in web pages and documents"}, true, "Replicate"},
		{"\ufeff" + token + "\u200b", []string{"there is an invisible character around it, as in web pages and documents"}, true, "Replicate"},
		{token + "\u2028", []string{"there is white space around it"}, true, "Replicate"},
		{`"` + token + `"`, []string{quoted}, true, "Replicate"},
		{"'" + token + "'\n", []string{newline, quoted}, true, "Replicate"},
		{"“" + token + "”", []string{quoted}, true, "Replicate"},
		{`"` + token, []string{"there is a quote on one side of it"}, true, "Replicate"},
		{token + "'", []string{"there is a quote on one side of it"}, true, "Replicate"},
		{`" ` + token + ` "`, []string{quoted, spaces}, true, "Replicate"},
		{"Bearer " + token, []string{`there is "Bearer" before it`}, true, "Replicate"},
		{"bearer  " + token, []string{`there is "bearer" before it`}, true, "Replicate"},
		{"Token " + token, []string{`there is "Token" before it`}, true, "Replicate"},
		{"Authorization: Bearer " + token, []string{`there is "Authorization:" before it`, `there is "Bearer" before it`}, true, "Replicate"},
		{"REPLICATE_API_TOKEN=" + token, []string{"there is the name of a variable before it"}, true, "Replicate"},
		{`export REPLICATE_API_TOKEN="` + token + `"`, []string{"there is the name of a variable before it", quoted}, true, "Replicate"},
		{`"api_token": "` + token + `",`, []string{"there is a comma or semicolon after it", "there is the name of a variable before it", quoted}, true, "Replicate"},
		{`r8\_` + body, []string{markdown}, true, "Replicate"},
		{`REPLICATE\_API\_TOKEN=r8\_` + body + "\n", []string{newline, "there is the name of a variable before it", markdown}, true, "Replicate"},
		{"`r8\\_" + body + "`", []string{quoted, markdown}, true, "Replicate"},
		{`r8\_` + body[1:], []string{markdown, "it has 39 characters instead of 40: a part is missing"}, false, "Replicate"},
		{token + ";", []string{"there is a comma or semicolon after it"}, true, "Replicate"},
		{"", []string{"it is empty"}, false, ""},
		{" \n", []string{newline, spaces, "it is empty"}, false, ""},
		{`""`, []string{quoted, "it is empty"}, false, ""},
		{token[:39], []string{"it has 39 characters instead of 40: a part is missing"}, false, "Replicate"},
		{prefix, []string{"it has 3 characters instead of 40: a part is missing"}, false, "Replicate"},
		{token + "x", []string{"it has 41 characters instead of 40: something else was pasted with it"}, false, "Replicate"},
		{token + token, []string{"it contains r8_ twice: it is two tokens, or one that was pasted twice"}, false, "Replicate"},
		{token + " " + token, []string{"it contains r8_ twice: it is two tokens, or one that was pasted twice"}, false, "Replicate"},
		{token[:20] + " " + token[20:], []string{"there is white space in it"}, false, "Replicate"},
		{token[:20] + "_" + token[21:], []string{"it has characters that no token has: only letters and digits follow r8_"}, false, "Replicate"},
		{token[:38] + "é", []string{"it has 39 characters instead of 40: a part is missing", "it has characters that no token has: only letters and digits follow r8_"}, false, "Replicate"},
		{prefix + strings.Repeat("x", 37), []string{"it looks like a placeholder, not a token"}, true, "Replicate"},
		{"R8_" + body, []string{"it does not begin with r8_ exactly: case and underscore matter"}, false, "Replicate"},
		{"r8-" + body, []string{"it does not begin with r8_ exactly: case and underscore matter"}, false, "Replicate"},
		{body, []string{"it does not begin with r8_, but has the length of a token without r8_"}, false, ""},
		{"hello", []string{"it does not begin with r8_"}, false, ""},
		{"r8", []string{"it does not begin with r8_"}, false, ""},
		{"sk-" + body, []string{"it looks like a key of OpenAI, not of Replicate"}, false, "OpenAI"},
		{"sk-ant-" + body, []string{"it looks like a key of Anthropic, not of Replicate"}, false, "Anthropic"},
		{"hf_" + body, []string{"it looks like a key of Hugging Face, not of Replicate"}, false, "Hugging Face"},
		{strings.Repeat("0123456789abcdef", 3)[:40], []string{"it does not begin with r8_: it may be a token of the old form, or no token at all"}, true, "Replicate"},
		{NewSecret(token, shown).Mask(), []string{"it is masked: Replicate shows a whole token only when it is created, and later with asterisks"}, false, "Replicate"},
	} {
		d := Diagnose(c.text)
		name := fmt.Sprintf("%d bytes, want %q", len(c.text), c.problems)
		if !slices.Equal(d.Problems, c.problems) || d.Askable != c.askable || d.Provider != c.provider {
			t.Errorf("%s: problems %q, askable %v, provider %q", name, d.Problems, d.Askable, d.Provider)
		}
		if c.askable && strings.Contains(c.text, token) && d.Secret.Reveal() != token {
			t.Errorf("%s: what was copied with it is still there", name)
		}
		assertHidden(t, fmt.Sprintf("%+v", d), token)
	}
}

// FuzzDiagnose diagnoses any text. The result must be a part of the text, and must
// have the length of a token if it may be one. So it is for cog tokens, as far as their
// form is known.
func FuzzDiagnose(f *testing.F) {
	f.Add(" Bearer '" + testToken(21) + "'\n")
	f.Add("a=b=c:\"")
	f.Fuzz(func(t *testing.T, text string) {
		d := Diagnose(text)
		if core := d.Secret.Reveal(); !strings.Contains(text, core) || d.Askable && len(core) != tokenLen {
			t.Errorf("%q became %q, askable %v", text, core, d.Askable)
		}
		if d := DiagnoseCog(text); d.Askable {
			core := d.Secret.Reveal()
			if len(core) < likelyCogToken || strings.HasPrefix(core, prefix) || !printable([]byte(core)) {
				t.Errorf("%q became %q, which must not be sent", text, core)
			}
		}
	})
}
