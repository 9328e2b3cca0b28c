package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"r8scan/internal/door"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
)

// filled sets every string that can be reached from v to s: all fields there
// are, in lists of two and maps of one, so that a new one is in it by itself.
func filled(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Int, reflect.Int64:
		v.SetInt(2)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1700000000, 0).UTC()))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() { // others are in no output
				filled(v.Field(i), s)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		filled(v.Index(0), s)
		filled(v.Index(1), s)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		filled(key, s)
		filled(value, s)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem(), s)
	case reflect.Func:
		v.Set(reflect.MakeFunc(v.Type(), func([]reflect.Value) []reflect.Value { return []reflect.Value{reflect.ValueOf(s)} }))
	case reflect.Bool:
	default:
		panic("no value for " + v.Type().String())
	}
}

// outputs returns all that this package can say of a document with s in every
// field; each of the words that it knows stands in its field once.
func outputs(t *testing.T, s string) map[string]string {
	t.Helper()
	var doc Document
	var opts Options
	filled(reflect.ValueOf(&doc).Elem(), s)
	filled(reflect.ValueOf(&opts).Elem(), s)
	finding := doc.Findings[0]
	doc.Findings = nil
	kinds := []string{s, result.KindFile, result.KindBlob, result.KindCommit, result.KindTag, result.KindTree, result.KindIndex, result.KindRef, result.KindReflog, result.KindConfig, result.KindLayer, result.KindImage}
	for i, rule := range append(rules.All(), &rules.Rule{ID: s}) {
		f := finding
		f.Rule = rule.ID
		f.Exposure = append(exposures(), scanner.Exposure(s))[i%6]
		f.Verification.Status = []Status{StatusLive, StatusRevoked, StatusUnknown, StatusUnchecked, Status(s)}[i%5]
		f.Locations = nil
		for k := range 2 {
			l := finding.Locations[0]
			l.Kind = kinds[(2*i+k)%len(kinds)]
			nowhere := l
			nowhere.Path, nowhere.AllowedBy = "", ""
			f.Locations = append(f.Locations, l, nowhere)
		}
		doc.Findings = append(doc.Findings, f)
	}
	out := map[string]string{}
	known := doc
	known.Findings = doc.Findings[:len(doc.Findings)-1]
	collect := func(name string, write func(w io.Writer) error) {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			b.WriteString(door.Printable(err.Error())) // as the command says it
		}
		out[name] = b.String()
	}
	for _, format := range Formats() {
		render, err := ByName(format)
		if err != nil {
			t.Fatal(err)
		}
		for _, opts := range []Options{opts, {Root: "/x/" + s, Verbose: true, Links: true, Color: true}} {
			collect(fmt.Sprint(format, " ", opts.Verbose), func(w io.Writer) error { return render(w, &doc, opts) })
			if format == "sarif" { // which refuses rules that it does not know
				collect(fmt.Sprint(format, " of known rules ", opts.Verbose), func(w io.Writer) error { return render(w, &known, opts) })
			}
		}
	}
	collect("summary", func(w io.Writer) error { return Summary(w, &doc, Options{Verbose: true}) })
	silent := doc
	silent.Findings = nil
	for _, kind := range []HookKind{Staged, Message, Push, Receive} {
		for i := range doc.Findings {
			one := doc
			one.Findings = doc.Findings[i:]
			collect(fmt.Sprint(kind, i), func(w io.Writer) error {
				return Hook(w, &one, HookOptions{Kind: kind, Stops: true, Notes: []string{s, s}})
			})
		}
		collect(string(kind), func(w io.Writer) error { return Hook(w, &silent, HookOptions{Kind: kind, Notes: []string{s}}) })
	}
	collect("other JSON", func(w io.Writer) error { return door.EncodeJSON(w, &doc) })
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Read(bytes.NewReader(data))
	out["read"] = door.Printable(fmt.Sprint(err))
	return out
}

func exposures() []result.Exposure {
	return []result.Exposure{result.ExposureHistory, result.ExposureTracked, result.ExposureStaged, result.ExposureUntracked, result.ExposureIgnored}
}

// TestNoFieldShowsAToken fills every string of all that can be written with a
// token, which each limit there is cuts at each of its places, and looks for any
// part of it that a mask does not show.
func TestNoFieldShowsAToken(t *testing.T) {
	t.Parallel()
	secret := fakeSecret(3)
	token := secret.Reveal()
	texts := map[string][]string{"whole": {token, "a/" + token + "/b.py", strings.NewReplacer("r", "%72", "8", "%38").Replace(token)}}
	limits := []int{10, 20, screenColumns, remoteColumns, 256, summaryLimits.cell, maxAnnotation}
	for _, limit := range limits {
		name := fmt.Sprint("cut at ", limit)
		for cut := range len(token) + 1 {
			if limit < cut || (testing.Short() || limit > 1000) && cut%7 != 0 { // those take long
				continue
			}
			texts[name] = append(texts[name], strings.Repeat("a", limit-cut-min(1, limit-cut))+strings.Repeat("/", min(1, limit-cut))+token+"/b")
		}
	}
	for cut := 12; cut < len(token); cut++ { // what others have cut
		texts["cut before"] = append(texts["cut before"], token[:cut], "a/"+token[:cut]+"…")
	}
	for name, texts := range texts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, text := range texts {
				for name, out := range outputs(t, text) {
					if part := leaked(out, secret); part != "" {
						t.Fatalf("%s shows %d characters of a token in %d bytes that end in %q", name, len(part), len(text), rules.Redact(text[max(0, len(text)-60):]))
					}
				}
			}
		})
	}
}

// TestNoFieldGivesOrders fills every string with what terminals, viewers and
// runners obey, and looks at each line that the command would write.
func TestNoFieldGivesOrders(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"::stop-commands::x", " ::add-mask::x", "\n::x::y", "\r::x", "\u0085::x", "\u2028::x", "\f::x", "\t::x", ":", "##[group]x", "a##[x]",
		"##vso[task.x]y", "b\n##teamcity[x]", "section_start:1:a\r\x1b[0K", "\u202ea\u2066b\u200e\u061c\u009b31m\x9b", "\x1b]0;x\a"} {
		for name, raw := range outputs(t, text) {
			var b bytes.Buffer
			if _, err := io.WriteString(door.NewWriter(&b), raw); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(name, "github") {
				checkGitHub(t, name, raw)
				continue
			}
			if strings.Contains(name, "json") && strings.ContainsAny(raw, "\u0085\u009b\u061c\u200e\u202e\u2066\u2028") {
				t.Errorf("%q: %s has a control", text, name)
			}
			for line := range strings.FieldsFuncSeq(b.String(), func(r rune) bool { return strings.ContainsRune("\n\r\u0085\u2028\u2029\v\f", r) }) {
				start := strings.TrimLeft(line, " \t")
				if strings.HasPrefix(start, "::") || strings.HasPrefix(start, "##") && !strings.HasPrefix(start, "## ") || strings.Contains(line, "##[") || strings.Contains(line, "##vso[") || strings.Contains(line, "##teamcity[") {
					t.Errorf("%q: %s has the line %q", text, name, line)
				}
			}
		}
	}
}

// checkGitHub: each line is one of the commands that the format gives.
func checkGitHub(t *testing.T, name, out string) {
	t.Helper()
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "::error ") && !strings.HasPrefix(line, "::warning ") && !strings.HasPrefix(line, "::notice ") || strings.Contains(line, "\r") {
			t.Errorf("%s has the line %q", name, line)
		}
	}
}
