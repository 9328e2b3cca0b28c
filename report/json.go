package report

import (
	"io"
	"slices"

	"r8scan/internal/door"
)

// writeJSON writes doc as one indented JSON object and a newline: the form
// that Read takes.
func writeJSON(w io.Writer, doc *Document, _ Options) error {
	return door.EncodeMasked(w, doc, door.Indent)
}

// writeJSONLines writes one compact object a line. Each finding is a line,
// {"type":"finding", …} with the fields of a finding in a Document, in the order of
// the scan; the last
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
	for _, f := range slices.SortedFunc(slices.Values(doc.Findings), stable) {
		if err := door.EncodeMasked(w, findingLine{"finding", f}, ""); err != nil {
			return err
		}
	}
	return door.EncodeMasked(w, summaryLine{"summary", doc.Run}, "")
}
