package report

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/door"

	"r8scan/result"
)

func TestReadTakesWhatJSONWrote(t *testing.T) {
	full := fullDocument()
	full.Findings[0].Verification = Verification{
		Status: StatusLive, CheckedAt: full.StartedAt, Account: &Account{"user", "ann", "Ann"},
	}
	for _, doc := range []*Document{full, emptyDocument()} {
		text := render(t, "json", doc, Options{})
		got, err := Read(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if again := render(t, "json", got, Options{}); again != text {
			t.Errorf("written again it is\n%s\nnot\n%s", again, text)
		}
		if !reflect.DeepEqual(got.Run, doc.Run) {
			t.Errorf("got %+v, want %+v", got.Run, doc.Run)
		}
	}
}

// The names are the contract with every program that reads them.
func TestJSONNames(t *testing.T) {
	keys := func(v any) string {
		var names []string
		dec := json.NewDecoder(strings.NewReader(mustJSON(t, v)))
		depth := 0
		for {
			tok, err := dec.Token()
			if err != nil {
				return strings.Join(names, " ")
			}
			switch tok := tok.(type) {
			case json.Delim:
				depth += map[json.Delim]int{'{': 1, '[': 1, '}': -1, ']': -1}[tok]
			case string:
				if depth == 1 {
					names = append(names, tok)
					var skip json.RawMessage
					if err := dec.Decode(&skip); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	doc := fullDocument()
	for _, tt := range []struct {
		v    any
		want string
	}{
		{doc, "schema tool target started_at duration_ms complete coverage allowed left_out findings"},
		{doc.Findings[0], "rule token token_id confidence exposure verification locations history"},
		{Verification{Status: StatusLive, Reason: "r", CheckedAt: doc.StartedAt, Account: &Account{}}, "status reason checked_at account"},
		{Account{}, "type username name"},
		{doc.Tool, "name version"},
		{&Document{Run: Run{Asked: &Asked{}}}, "schema tool target started_at duration_ms complete coverage allowed left_out asked findings"},
		{Asked{}, "host live revoked unknown sent handling"},
	} {
		if got := keys(tt.v); got != tt.want {
			t.Errorf("%T has %q, want %q", tt.v, got, tt.want)
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestListsAreNeverNull(t *testing.T) {
	res := result.Result{Findings: []result.Finding{{
		Secret: fakeSecret(0), History: &result.History{},
	}, {Secret: fakeSecret(1)}}}
	text := mustJSON(t, New(res, Tool{}, day("2024-01-01T00:00:00Z"), 0))
	for _, want := range []string{`"unread":[]`, `"refs":[]`, `"locations":[]`, `"history":null`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if text := mustJSON(t, New(result.Result{}, Tool{}, day("2024-01-01T00:00:00Z"), 0)); !strings.Contains(text, `"findings":[]`) {
		t.Errorf("no empty findings in %s", text)
	}
	if res.Findings[0].History.Refs != nil {
		t.Error("New changed the result")
	}
}

func TestReadRefuses(t *testing.T) {
	good := render(t, "json", fullDocument(), Options{})
	for _, tt := range []struct{ name, from, to, want string }{
		{"another schema", `"r8scan/1"`, `"r8scan/2"`, `its schema is "r8scan/2", not "r8scan/1"`},
		{"no schema", `"schema"`, `"other"`, "no schema in it"},
		{"a long schema", `"r8scan/1"`, `"` + fakeSecret(0).Reveal() + `"`, `its schema is not "r8scan/1"`},
		{"something behind", good, good + "{}", "give it a result in the json format"},
		{"half a file", good[len(good)/2:], "", "unexpected end of JSON"},
		{"a false claim", `"complete": false`, `"complete": true`, "complete is true, with 2 things unread"},
		{"an unmasked token", fakeSecret(0).Mask(), fakeSecret(0).Reveal(), "finding 3: token is not masked"},
		{"a mask that shows much", fakeSecret(0).Mask(), fakeSecret(0).Reveal()[:38] + strings.Repeat("*", 150), "finding 3: token is not masked"},
		{"a part of a token as schema", `"r8scan/1"`, `"` + fakeSecret(0).Reveal()[:17] + `"`, `its schema is not "r8scan/1"`},
		{"a bad token id", fakeSecret(1).ID(), "xyz", "finding 2: token_id is not 16 hex digits"},
		{"an unknown confidence", `"medium"`, `"sure"`, "unknown confidence"},
		{"an unknown exposure", `"staged"`, `"cloud"`, "finding 4: unknown exposure"},
		{"an unknown status", `"unchecked"`, `"fine"`, "finding 1: unknown verification status"},
		{"a bad line", `"line": 12,`, `"line": -12,`, "negative line"},
		{"no rule", "\"replicate-api-token\",\n      \"token\"", "\"\",\n      \"token\"", "finding 1: no rule"},
		{"an allowed token nobody allows", `"by": "baseline"`, `"by": ""`, "allowed token 2: no rule, nobody who allows it"},
		{"an allowed token without an id", fakeSecret(7).ID(), fakeSecret(7).Mask(), "allowed token 1: "},
		{"a wrong count", `"placeholder": 1200`, `"placeholder": -1200`, "left_out has a number below 1"},
		{"no tool", `"name": "r8scan"`, `"name": ""`, "tool has no name"},
	} {
		text := strings.Replace(good, tt.from, tt.to, 1)
		if text == good {
			t.Fatalf("%s: nothing was changed", tt.name)
		}
		_, err := Read(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "read result: ") {
			t.Errorf("%s: got %v, want %q in it", tt.name, err, tt.want)
		} else if leaked(err.Error(), fakeSecret(0)) != "" {
			t.Errorf("%s: the error shows the token", tt.name)
		}
	}
}

func TestReadIsBounded(t *testing.T) {
	text := render(t, "json", emptyDocument(), Options{})
	if _, err := read(strings.NewReader(text), int64(len(text))); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	_, err := read(strings.NewReader(text), 100)
	if want := "read result: it has more than 100 bytes"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestReadSkipsNewFields(t *testing.T) {
	text := strings.Replace(render(t, "json", fullDocument(), Options{}), `"schema"`, `"later": 1, "schema"`, 1)
	if _, err := Read(strings.NewReader(text)); err != nil {
		t.Error(err)
	}
}

// A stream without its last line was cut short; the line has to say the rest.
func TestJSONLines(t *testing.T) {
	doc := fullDocument()
	lines := strings.SplitAfter(render(t, "jsonl", doc, Options{}), "\n")
	if last := lines[len(lines)-1]; last != "" {
		t.Fatalf("no newline at the end: %q", last)
	}
	lines = lines[:len(lines)-1]
	if len(lines) != len(doc.Findings)+1 {
		t.Fatalf("got %d lines", len(lines))
	}
	slices.SortFunc(doc.Findings, stable)
	doc = door.Text(doc)
	for i, line := range lines {
		want := `{"type":"finding",` + mustJSON(t, doc.Findings[min(i, len(doc.Findings)-1)])[1:]
		if i == len(doc.Findings) {
			want = `{"type":"summary",` + mustJSON(t, doc.Run)[1:]
		}
		// Marshal escapes < and >, the format does not, but what a terminal obeys.
		want = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", "\u202e", `\u202e`).Replace(want)
		if strings.TrimSuffix(line, "\n") != want {
			t.Errorf("line %d is %s, want %s", i+1, line, want)
		}
	}
}
