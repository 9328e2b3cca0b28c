package report

import (
	"bytes"
	"fmt"
	"io"

	"r8scan/internal/door"
)

// writeJSON writes doc as one indented JSON object and a newline: the form
// that Read takes.
func writeJSON(w io.Writer, doc *Document, _ Options) error {
	var run bytes.Buffer
	if err := door.EncodeMasked(&run, doc.Run, door.Indent); err != nil {
		return err
	}
	const end = "\n}\n"
	head := bytes.TrimSuffix(run.Bytes(), []byte(end))
	if len(doc.Findings) == 0 {
		_, err := fmt.Fprintf(w, "%s,\n  \"findings\": []%s", head, end)
		return err
	}
	between := append(head, ",\n  \"findings\": ["...)
	for _, f := range doc.Findings { // one after the other: the text of all may not fit in memory
		if _, err := fmt.Fprintf(w, "%s\n    ", between); err != nil {
			return err
		}
		if err := door.EncodeElement(w, f, "    "); err != nil {
			return err
		}
		between = []byte(",")
	}
	_, err := fmt.Fprintf(w, "\n  ]%s", end)
	return err
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
	for _, f := range doc.Findings {
		if err := door.EncodeMasked(w, findingLine{"finding", f}, ""); err != nil {
			return err
		}
	}
	return door.EncodeMasked(w, summaryLine{"summary", doc.Run}, "")
}
