package door

import (
	"bytes"
	"encoding/json"
	"io"

	"r8scan/internal/terminal"
)

// Indent is the indent of EncodeMasked for JSON that people read too.
const Indent = "  "

// EncodeJSON writes v as indented JSON with a newline, and masks the tokens in
// its strings. It does not escape <, > and &: authors are "Name <e-mail>", and
// people read this form too. It escapes everything that could change what a
// terminal shows.
func EncodeJSON(w io.Writer, v any) error { return EncodeMasked(w, Values(v), Indent) }

// EncodeMasked is EncodeJSON for a v that Values returned, with any indent. An
// empty indent puts everything on one line.
func EncodeMasked(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(terminal.SafeText(b.Bytes()))
	return err
}
