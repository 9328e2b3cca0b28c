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
	text, err := encode(v, "", indent)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// EncodeElement is EncodeMasked with Indent for one element of a longer text: all
// lines but the first begin with prefix, and there is no newline at the end.
func EncodeElement(w io.Writer, v any, prefix string) error {
	text, err := encode(v, prefix, Indent)
	if err != nil {
		return err
	}
	_, err = w.Write(bytes.TrimSuffix(text, []byte("\n")))
	return err
}

func encode(v any, prefix, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent(prefix, indent)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return terminal.SafeText(b.Bytes()), nil
}
