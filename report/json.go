package report

import (
	"encoding/json"
	"io"
)

// writeJSON writes doc as one indented JSON object and a newline: the form
// that Read takes. JSON holds no bytes that are not UTF-8: in a path that has
// some, each becomes U+FFFD.
func writeJSON(w io.Writer, doc *Document, _ Options) error {
	return EncodeJSON(w, doc)
}

// writeJSONLines writes one compact object a line. Each finding is a line,
// {"type":"finding", …} with the fields of a finding in a Document; the last
// line is {"type":"summary", …} with all of the Document but the findings. So
// every line but the last is a finding, and a stream without a summary was cut
// short and proves nothing.
func writeJSONLines(w io.Writer, doc *Document, _ Options) error {
	type findingLine struct {
		Type string `json:"type"`
		Finding
	}
	type summaryLine struct {
		Type string `json:"type"`
		Run
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, f := range doc.Findings {
		if err := enc.Encode(findingLine{"finding", f}); err != nil {
			return err
		}
	}
	return enc.Encode(summaryLine{"summary", doc.Run})
}

// EncodeJSON writes v indented. It leaves <, > and & as they are: authors are
// "Name <e-mail>", and people read this form too.
func EncodeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
