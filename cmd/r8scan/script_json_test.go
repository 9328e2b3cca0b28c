package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// jsonValue checks one value of a JSON file: json FILE PATH VALUE. A path is
// keys and indexes joined by dots; len is the length of a list.
func jsonValue(ts *testscript.TestScript, neg bool, args []string) {
	args = arg(ts, neg, args, 3)
	got, err := lookUp(parseJSON(ts, args[0]), args[1])
	ts.Check(err)
	if got != args[2] {
		ts.Fatalf("%s is %s, want %s", args[1], got, args[2])
	}
}

// jsonFinding checks that a result has one finding for a token, with these values:
// finding FILE ID [PATH=VALUE...]. With ! there must be none.
func jsonFinding(ts *testscript.TestScript, neg bool, args []string) {
	args = arg(ts, false, args, 2)
	f := findings(ts, args[0], args[1])
	if neg {
		if len(f) > 0 {
			ts.Fatalf("%s is found", args[1])
		}
		return
	}
	if len(f) != 1 {
		ts.Fatalf("%d findings have the id %s", len(f), args[1])
	}
	ts.Check(hasValues(f[0], args[2:]))
}

// jsonPlace checks that a token has one location with these values:
// place FILE ID PATH=VALUE... With ! there must be none.
func jsonPlace(ts *testscript.TestScript, neg bool, args []string) {
	args = arg(ts, false, args, 3)
	f := findings(ts, args[0], args[1])
	if len(f) != 1 {
		ts.Fatalf("%d findings have the id %s", len(f), args[1])
	}
	places := f[0].(map[string]any)["locations"].([]any)
	n := 0
	for _, p := range places {
		if hasValues(p, args[2:]) == nil {
			n++
		}
	}
	if neg && n > 0 || !neg && n != 1 {
		shown, _ := json.MarshalIndent(places, "", "  ") // it was JSON before
		ts.Fatalf("%d locations have %s, among %s", n, args[2:], shown)
	}
}

// jsonUnread checks, with regular expressions, that coverage names something once with
// a reason: unread FILE WHAT REASON. With ! it must not.
func jsonUnread(ts *testscript.TestScript, neg bool, args []string) {
	args = arg(ts, false, args, 3)
	what, reason := regexp.MustCompile(args[1]), regexp.MustCompile(args[2])
	n := 0
	coverage := parseJSON(ts, args[0]).(map[string]any)["coverage"].(map[string]any)
	for _, u := range coverage["unread"].([]any) {
		u := u.(map[string]any)
		if what.MatchString(u["what"].(string)) && reason.MatchString(u["reason"].(string)) {
			n++
		}
	}
	if neg && n > 0 || !neg && n != 1 {
		ts.Fatalf("%d unread things match: %v", n, coverage["unread"])
	}
}

func parseJSON(ts *testscript.TestScript, file string) any {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &v))
	return v
}

// findings returns the findings of a result for a token.
func findings(ts *testscript.TestScript, file, id string) []any {
	var out []any
	for _, f := range parseJSON(ts, file).(map[string]any)["findings"].([]any) {
		if f.(map[string]any)["token_id"] == id {
			out = append(out, f)
		}
	}
	return out
}

// hasValues checks PATH=VALUE conditions.
func hasValues(v any, conditions []string) error {
	for _, c := range conditions {
		path, want, _ := strings.Cut(c, "=")
		got, err := lookUp(v, path)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	return nil
}

// lookUp returns the value at a path: a string as it is, anything else as JSON, and ""
// if it does not exist.
func lookUp(v any, path string) (string, error) {
	for step := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			if step == "len" {
				v = len(in)
				break
			}
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(in) {
				return "", fmt.Errorf("%s: a list of %d has no %q", path, len(in), step)
			}
			v = in[i]
		case nil:
		default:
			return "", fmt.Errorf("%s: %v has no %q", path, in, step)
		}
	}
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	}
	text, err := json.Marshal(v)
	return string(text), err
}

// times are the only values that differ between two runs on the same input.
var times = regexp.MustCompile(`"(started_at|startTimeUtc|endTimeUtc)": *"[^"]*"|"duration_ms": *[0-9]+`)

// sameButTimes checks that two results are equal except for their times:
// same FILE FILE.
func sameButTimes(ts *testscript.TestScript, neg bool, args []string) {
	args = arg(ts, neg, args, 2)
	a := times.ReplaceAllString(ts.ReadFile(args[0]), "time")
	b := times.ReplaceAllString(ts.ReadFile(args[1]), "time")
	if a != b {
		ts.Fatalf("%s and %s differ:\n%s\n%s", args[0], args[1], a, b)
	}
}
