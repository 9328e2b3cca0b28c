package policy

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

const good = `# what we know of
exclude:
  - "testdata/**"
  - '*.{md,txt}'
allow:
  - id: 0123456789abcdef
    reason: disabled in March
    expires: 2026-03-31
  - {id: 1234567890123456, reason: "# of a test"}
rules:
  off: [replicate-api-token]
unread:
  - {what: "blob 12ab*!**", reason: damaged on purpose, expires: 2026-03-31}
`

func TestParseConfig(t *testing.T) {
	got, err := ParseConfig([]byte(good), nil)
	want := &Config{
		Exclude: []string{"testdata/**", "*.{md,txt}"},
		Allow: []Allowance{
			{"0123456789abcdef", "disabled in March", "2026-03-31", 6},
			{"1234567890123456", "# of a test", "", 9}, // digits only, and no number
		},
		Off:    []string{"replicate-api-token"},
		Unread: []Acceptance{{"blob 12ab*!**", "damaged on purpose", "2026-03-31", 13}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func TestConfigThatSaysNothing(t *testing.T) {
	for _, text := range []string{"", "# only this\n", "---\n", "\ufeff", "{}\n", "exclude:\nallow:\n", "rules: {off: []}\n", "exclude: ~\n"} {
		c, err := ParseConfig([]byte(text), nil)
		if err != nil || len(c.Exclude)+len(c.Allow)+len(c.Off) > 0 {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}

// TestConfigErrors makes sure that each mistake is reported with line and column. A
// user would believe that a silently ignored part of the file counts.
func TestConfigErrors(t *testing.T) {
	token := strings.Join([]string{"r8_", "4Zt8Qw1LpXc7Vb2NmKj9Hg5Fd3Sa6PoIuYtRe"}, "")
	item := func(rest string) string { return "allow:\n  - id: 0123456789abcdef\n" + rest }
	for _, tt := range []struct{ name, text, want string }{
		{"unknown key", "exclude: []\nexlude: []\n", `2:1: unknown key "exlude": use allow, exclude, rules, unread`},
		{"unknown key in an item", item("    reason: x\n    why: y\n"), `4:5: unknown key "why": use expires, id, reason`},
		{"unknown key in rules", "rules:\n  on: []\n", `2:3: unknown key "on": use off`},
		{"a key twice", "allow: []\nallow: []\n", "2:1: allow is already on line 1"},
		{"a merge key", "<<: {}\n", `1:1: unknown key "<<"`},
		{"a list as key", "[a]: b\n", "1:1: this key is a list"},

		{"where tokens go", "api-url: https://example.com\n", "1:1: api-url: no file can change where tokens are sent"},
		{"where tokens go, spelled otherwise", "API_URL: x\n", "1:1: API_URL: no file can change where tokens are sent"},
		{"verification", "exclude: []\nverify: true\n", "2:1: verify: no file can switch verification on"},
		{"another flag", "fail-on: none\n", `1:1: unknown key "fail-on"`},
		{"less to read", "include: [a]\n", `1:1: unknown key "include"`},
		{"a confidence", "min-confidence: high\n", `1:1: unknown key "min-confidence"`},

		{"all unread", "unread: [{what: \"**\", reason: x}]\n", `1:17: "**" would accept everything`},
		{"unread what", "unread:\n  - reason: x\n", "2:5: this item of unread has no what"},
		{"unread why", "unread:\n  - what: a\n", "2:5: this item of unread has no reason"},
		{"a bad glob of unread", "unread: [{what: \"[a\", reason: x}]\n", `1:17: glob "[a" is malformed`},

		{"a list", "- a\n", "1:1: the file is a list, not a mapping: use the keys allow, exclude, rules, unread"},
		{"a text", "exclude\n", "1:1: the file is a text"},
		{"exclude is no list", "exclude: a\n", "1:10: exclude is a text, not a list"},
		{"a glob is a number", "exclude:\n  - 12\n", "2:5: this glob is a number, not a text: put it in quotes"},
		{"a glob is true", "exclude: [yes, true]\n", "1:16: this glob is true or false"},
		{"a glob is a mapping", "exclude:\n  - {a,b}\n", "2:5: this glob is a mapping"},
		{"a glob is empty", "exclude:\n  - \"\"\n", "2:5: this glob is empty"},
		{"a glob is null", "exclude:\n  -\n", "this glob is empty"},
		{"a bad glob", "exclude:\n  - a\n  - \"[a\"\n", `3:5: glob "[a" is malformed`},
		{"a glob without quotes", "exclude:\n  - *.py\n", "put a glob that begins with * in quotes"},
		{"a star without quotes", "exclude:\n  - *\n", "put a glob that begins with * in quotes"},
		{"an alias", "exclude: &a [x]\nallow: *a\n", "2:8: allow is an alias, not a list"},

		{"allow is no list", "allow: {id: x}\n", "1:8: allow is a mapping, not a list"},
		{"an item is an id", "allow:\n  - 0123456789abcdef\n", "2:5: this item of allow is a"},
		{"no id", "allow:\n  - reason: x\n", "2:5: this item of allow has no id"},
		{"no reason", item(""), "2:5: this item of allow has no reason"},
		{"an empty reason", item("    reason: ' '\n"), "3:13: reason is empty"},
		{"a reason is a number", item("    reason: 12\n"), "3:13: reason is a number"},
		{"an id that is short", "allow: [{id: 0123, reason: x}]\n", "1:14: this is not a token id"},
		{"an id in capitals", "allow: [{id: 0123456789ABCDEF, reason: x}]\n", "1:14: this is not a token id"},
		{"an id is a list", "allow: [{id: [0123456789abcdef], reason: x}]\n", "1:14: this is not a token id"},
		{"a token for its id", "allow:\n  - reason: x\n    id: " + token + "\n", "3:9: this is not a token id"},
		{"an id twice", item("    reason: x\n  - {id: 0123456789abcdef, reason: y}\n"), "4:5: token 0123456789abcdef is already allowed on line 2"},
		{"a day that is none", item("    expires: 2026-02-30\n    reason: x\n"), "3:14: expires is not a date"},
		{"a date of another form", item("    expires: 1.2.2026\n    reason: x\n"), "3:14: expires is not a date"},
		{"a date with a time", item("    expires: 2026-02-03T00:00:00Z\n    reason: x\n"), "3:14: expires is not a date"},
		{"a date is never", item("    expires:\n    reason: x\n"), "expires is not a date"},

		{"rules is off", "rules: off\n", "1:8: rules is a text, not a mapping: use the keys off"},
		{"rules is a list", "rules: [replicate-api-token]\n", "1:8: rules is a list"},
		{"an unknown rule", "rules:\n  off:\n    - no-rule\n", `3:7: unknown rule "no-rule": see r8scan rules`},

		{"no YAML", "exclude: []\na: b: c\n", "2:5: this is not YAML: mapping values are not allowed"},
		{"a tab", "exclude:\n\t- a\n", "2:1: this is not YAML"},
		{"an open list", "exclude: [\n", "this is not YAML"},
		{"two documents", "exclude: []\n---\nallow: []\n", "a second YAML document begins here"},
		{"no UTF-8", "exclude:\n- \"é\xff\"\n", "2:5: this byte is not UTF-8"},
		{"nested without end", "exclude: " + strings.Repeat("[", 1<<20), "exceeded max depth"},
	} {
		_, err := ParseConfig([]byte(tt.text), nil)
		var place *Error
		if !errors.As(err, &place) || place.Line < 1 || place.Column < 1 || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q in it", tt.name, err, tt.want)
		} else if strings.Contains(err.Error(), token[5:]) {
			t.Errorf("%s: the error shows the token", tt.name)
		}
	}
}

func TestExpired(t *testing.T) {
	a := Allowance{Expires: "2026-03-31"}
	if a.Expired("2026-03-30") || a.Expired("2026-03-31") || !a.Expired("2026-04-01") || (Allowance{}).Expired("2026-04-01") {
		t.Error("an allowance holds through its last day, and forever without one")
	}
}

// FuzzParseConfig makes sure that no file causes a panic, and that errors have
// places.
func FuzzParseConfig(f *testing.F) {
	f.Add(good)
	f.Add("exclude: &a [*a]\n? {x: y}\n: - !!binary z\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseConfig([]byte(text), nil)
		var place *Error
		if err != nil && (!errors.As(err, &place) || place.Line < 1 || place.Column < 1) {
			t.Errorf("error %v has no place", err)
		}
		if err == nil {
			for _, a := range c.Allow {
				if !IsTokenID(a.ID) || a.Reason == "" || a.Line < 1 {
					t.Errorf("%+v was accepted", a)
				}
			}
		}
	})
}
