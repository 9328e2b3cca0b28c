package door

import (
	"bytes"
	"encoding/json"
	"io"

	"r8scan/internal/terminal"
)

// Indent is what EncodeMasked takes for JSON that people read too.
const Indent = "  "

// EncodeJSON writes v as indented JSON and a newline, with tokens in its strings
// masked. It leaves <, > and & as they are: authors are "Name <e-mail>", and
// people read this form too. For them all is escaped that a terminal may not show
// as it is.
func EncodeJSON(w io.Writer, v any) error { return EncodeMasked(w, Values(v), Indent) }

// EncodeMasked is EncodeJSON for a v that has gone through Values already, with
// any indent: on one line, if that is empty.
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
