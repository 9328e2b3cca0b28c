package fix

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"unicode/utf16"

	"r8scan/internal/output"
	"r8scan/internal/plain"
	"r8scan/internal/regular"
)

// maxFile is how long a file may be, in bytes: a longer one is data.
const maxFile = 4 << 20

// errChanged means that a file is not what it was when its change was made.
var errChanged = errors.New("it has changed meanwhile")

// replaceFile writes a new content in the place of the file at path, if that still
// has the old one. The file keeps its mode and its owner. path is no link.
func replaceFile(ctx context.Context, path string, old, content []byte) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	now, err := regular.Read(path, maxFile)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, old) {
		return errChanged
	}
	mode := info.Mode() & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
	err = output.Replace(ctx, path, mode, output.Bytes(content))
	if err != nil {
		return err
	}
	return keepOwner(path, info)
}

// coding is how a file's text is written.
type coding struct {
	wide binary.AppendByteOrder // of UTF-16 with a byte order mark; nil for bytes
}

// decode returns the text of a file, whose bytes may be UTF-16 with a byte order
// mark, as PowerShell writes it.
func decode(content []byte) ([]byte, coding) {
	for mark, order := range map[string]binary.AppendByteOrder{"\xff\xfe": binary.LittleEndian, "\xfe\xff": binary.BigEndian} {
		if form := plain.FormOf(content); bytes.HasPrefix(content, []byte(mark)) && (form == plain.UTF16LE || form == plain.UTF16BE) {
			c := coding{order}
			if text := plain.Text(content); bytes.Equal(c.encode(text), content) {
				return text, c
			}
		}
	}
	return content, coding{}
}

// encode is the reverse of decode.
func (c coding) encode(text []byte) []byte {
	if c.wide == nil {
		return text
	}
	var out []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + string(text))) {
		out = c.wide.AppendUint16(out, unit)
	}
	return out
}
