package report

import (
	"bytes"
	"encoding/json"
	"io"

	"r8scan/internal/door"
)

// writeJSON writes doc as one indented JSON object and a newline: the form
// that Read takes. JSON holds no bytes that are not UTF-8: in a path that has
// some, each becomes U+FFFD.
func writeJSON(w io.Writer, doc *Document, _ Options) error {
	return encode(w, doc, indent)
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
	for _, f := range doc.Findings {
		if err := encode(w, findingLine{"finding", f}, ""); err != nil {
			return err
		}
	}
	return encode(w, summaryLine{"summary", doc.Run}, "")
}

// EncodeJSON writes v indented, with tokens in its strings masked. It leaves <,
// > and & as they are: authors are "Name <e-mail>", and people read this form
// too. For them all is escaped that a terminal may not show as it is.
func EncodeJSON(w io.Writer, v any) error { return encode(w, door.Values(v), indent) }

const indent = "  "

func encode(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(door.Escaped(b.Bytes()))
	return err
}
