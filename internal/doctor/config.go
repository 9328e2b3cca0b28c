package doctor

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"syscall"

	"r8scan/internal/plain"
	"r8scan/internal/regular"
	"r8scan/internal/shell"
	"r8scan/rules"
)

const (
	maxConfig = 1 << 20  // bytes of a configuration file; usually it has a few kB
	maxState  = 64 << 20 // bytes of a file in which a program also keeps what it did
)

// configFile is a configuration file that was read.
type configFile struct {
	text   []byte // as UTF-8
	form   plain.Form
	marked bool // it begins with a byte order mark
	info   os.FileInfo
}

// readConfig reads the regular file at path. A pipe would block, and a device
// might never end.
func readConfig(path string, limit int64) (configFile, error) {
	f, info, err := regular.Follow(path)
	if err != nil {
		return configFile{}, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	data, err := regular.All(f, path, info.Size(), limit)
	marked := bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) || bytes.HasPrefix(data, []byte("\x00\x00\xfe\xff"))
	return configFile{plain.Text(data), plain.FormOf(data), marked, info}, err
}

// unread says why a file was not read. It returns nil if the file does not exist.
func unread(about string, err error) []Check {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	return []Check{{levelWarning, about, "was not read: " + regular.Cause(err), "Its settings were not checked.", ""}}
}

// formCheck warns of an encoding that few programs expect.
func (c configFile) formCheck(about string) []Check {
	if c.form == "" {
		return nil
	}
	fix := "save it as UTF-8 without a byte order mark"
	if runtime.GOOS != "windows" {
		fix = rewrite(about, c.decoder())
	}
	return []Check{{levelWarning, about, "is written as " + string(c.form), "Programs that expect plain UTF-8 misread its first line, or all of it.", fix}}
}

// decoder is the program that turns the file into plain UTF-8.
func (c configFile) decoder() string {
	if c.form == plain.MarkedUTF8 {
		return "tail -c +4"
	}
	name, _, _ := strings.Cut(string(c.form), ",")
	switch { // with a mark, iconv finds the order and removes the mark
	case c.marked:
	case c.form == plain.UTF16LE || c.form == plain.UTF32LE:
		name += "LE"
	default:
		name += "BE"
	}
	return "iconv -f " + name + " -t UTF-8"
}

// rewrite is the command that passes a file through a filter. It keeps the file's mode,
// and no copy of a token is left.
func rewrite(about, filter string) string {
	return fmt.Sprintf(`text=$(%s <%s) && printf '%%s\n' "$text" >%[2]s`, filter, shell.QuoteHome(about))
}

// holdsToken reports whether data has a token that is not a placeholder.
func holdsToken(data []byte) bool {
	for _, m := range rules.Find(nil, data, 0, len(data)) {
		if m.Confidence > rules.Low {
			return true
		}
	}
	return false
}

// namesReplicate reports whether a file may concern Replicate's clients.
func namesReplicate(text []byte) bool {
	return bytes.Contains(bytes.ToUpper(text), []byte("REPLICATE"))
}
