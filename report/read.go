package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"r8scan/internal/plain"
	"r8scan/result"
)

// maxDocument bounds the memory that a saved result may take, in bytes. A
// location takes some 300 bytes, so this is over a million of them.
const maxDocument = 512 << 20

// ReadFile is Read for a file.
func ReadFile(path string) (*Document, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: name a file that r8scan -f json wrote", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	return Read(f)
}

// Read reads a Document that the json format wrote. It refuses another schema,
// anything behind the document, more than 512 MB, and a document that contradicts
// itself or carries an unmasked token: the error says which of these, and repeats
// no token. Fields it does not know are skipped, so that results of a newer r8scan
// with the same schema can be read.
func Read(r io.Reader) (*Document, error) { return read(r, maxDocument) }

func read(r io.Reader, limit int64) (*Document, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read result: %w", err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("read result: it has more than %s", size(limit))
	}
	data = plain.Text(data) // PowerShell's > writes UTF-16
	// The schema comes first: a document of another shape would fail below
	// with an error about some field, which helps nobody.
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("read result: %w; give it a result in the json format", err)
	}
	if head.Schema != Schema {
		return nil, schemaError(head.Schema)
	}
	doc := &Document{}
	if err := json.Unmarshal(data, doc); err != nil {
		return nil, fmt.Errorf("read result: %w", err)
	}
	if err := doc.check(); err != nil {
		return nil, fmt.Errorf("read result: %w", err)
	}
	doc.fillLists()
	return doc, nil
}

func schemaError(got string) error {
	switch {
	case got == "":
		return fmt.Errorf("read result: no schema in it: give it a result in the json format")
	case len(got) > 20 || !strings.HasPrefix(got, "r8scan"): // what it is stays out of the error
		return fmt.Errorf("read result: its schema is not %q: scan again with this version of r8scan", Schema)
	}
	return fmt.Errorf("read result: its schema is %q, not %q: scan again with this version of r8scan", got, Schema)
}

// check finds what would make a report say something untrue or leak a token.
func (d *Document) check() error {
	if d.Tool.Name == "" {
		return errors.New("tool has no name")
	}
	if d.Complete != d.Coverage.Complete() {
		return fmt.Errorf("complete is %v, with %d things unread", d.Complete, len(d.Coverage.Unread))
	}
	for i := range d.Findings {
		if err := d.Findings[i].check(); err != nil {
			return fmt.Errorf("finding %d: %w", i+1, err)
		}
	}
	for i, a := range d.Allowed {
		if a.Rule == "" || a.By == "" || !isTokenID(a.TokenID) {
			return fmt.Errorf("allowed token %d: no rule, nobody who allows it, or a token_id that is not 16 hex digits", i+1)
		}
	}
	if err := checkSince(d.Since); err != nil {
		return fmt.Errorf("since_last_scan: %w", err)
	}
	for status, n := range d.NotListed {
		if n < 1 || !status.known() {
			return errors.New("not_listed has a number below 1, or an unknown status")
		}
	}
	for _, n := range d.LeftOut {
		if n < 1 {
			return errors.New("left_out has a number below 1")
		}
	}
	return nil
}

// checkSince checks what a result says of the scan before.
func checkSince(s *result.Since) error {
	if s == nil {
		return nil
	}
	for _, t := range s.Gone {
		if !isMask(t.Token) {
			return errors.New("token is not masked") // and so must not be quoted
		}
		if !isTokenID(t.TokenID) {
			return errors.New("token_id is not 16 hex digits")
		}
	}
	for _, id := range slices.Concat(s.New, s.Still) {
		if !isTokenID(id) {
			return errors.New("token_id is not 16 hex digits")
		}
	}
	return nil
}

func isTokenID(s string) bool { return len(s) == 16 && strings.Trim(s, "0123456789abcdef") == "" }

func (f *Finding) check() error {
	switch {
	case f.Rule == "":
		return errors.New("no rule")
	case !isMask(f.Token):
		return errors.New("token is not masked") // and so must not be quoted
	case !isTokenID(f.TokenID):
		return errors.New("token_id is not 16 hex digits")
	case len(f.Locations) == 0:
		return errors.New("no locations")
	}
	if !f.Exposure.Known() {
		return errors.New("unknown exposure")
	}
	if !f.Verification.Status.known() {
		return errors.New("unknown verification status")
	}
	if f.Recheck != nil {
		if err := f.Recheck.check(); err != nil {
			return err
		}
	}
	for _, l := range f.Locations {
		if l.Kind == "" || l.Line < 0 || l.Column < 0 || l.EndColumn < 0 {
			return errors.New("a location without a kind, or with a negative line or column")
		}
	}
	return nil
}

// longestShown is how much a mask of any rule shows, in bytes: github_pat_.
const longestShown = 11

// isMask reports whether s shows at most a quarter of what it masks, and no more
// than any rule lets a mask show.
func isMask(s string) bool {
	shown := len(strings.TrimRight(s, "*"))
	return s != "" && shown <= min(len(s)/4, longestShown)
}

// fillLists makes null lists empty ones.
func (d *Document) fillLists() {
	d.Coverage.Unread = copied(d.Coverage.Unread)
	d.Findings = copied(d.Findings)
	d.Allowed = copied(d.Allowed)
	for i := range d.Allowed {
		d.Allowed[i].Locations = copied(d.Allowed[i].Locations)
	}
	if d.LeftOut == nil {
		d.LeftOut = map[string]int{}
	}
	if s := d.Since; s != nil {
		s.New, s.Still, s.Gone = copied(s.New), copied(s.Still), copied(s.Gone)
		for _, list := range s.Refs.Lists() {
			*list = copied(*list)
		}
	}
	for _, f := range d.Findings {
		if f.History != nil {
			f.History.Refs = copied(f.History.Refs)
		}
		for i := range f.Elsewhere {
			f.Elsewhere[i].Refs = copied(f.Elsewhere[i].Refs)
		}
	}
}
