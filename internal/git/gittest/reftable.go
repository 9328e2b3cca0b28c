package gittest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Table is a table of refs and reflogs to write. It follows git's description
// of the format, and shares no code with the reader.
type Table struct {
	SHA256    bool // version 2 with SHA-256
	V2        bool // version 2 with SHA-1
	BlockSize int  // alignment of ref blocks; 0: none, and blocks have at most 4096 bytes
	Restarts  int  // every n-th record has a full name; 0: 16
	First     uint64
	Last      uint64
	Refs      []TableRef
	Logs      []TableLog
}

// TableRef is a ref: an id in hex and the peeled id of a tag, or the target of
// a symbolic ref. Without these it is deleted.
type TableRef struct{ Name, ID, Peeled, Target string }

// TableLog is an entry of a reflog; without ids it deletes one.
type TableLog struct {
	Name      string
	Update    uint64
	Old, New  string
	Who, Mail string
	Time      uint64
	Zone      int16
	Message   string
}

// tableWriter writes a table.
type tableWriter struct {
	Table
	out    bytes.Buffer
	block  []byte // records
	starts []int  // offsets of restarts in block
	count  int
	last   string
	index  []indexEntry // index of the section's blocks
}

type indexEntry struct {
	last string
	pos  int
}

// Bytes returns the table as a file, with sorted refs and logs.
func (t Table) Bytes(tb testing.TB) []byte {
	tb.Helper()
	if t.Restarts == 0 {
		t.Restarts = 16
	}
	w := &tableWriter{Table: t}
	w.out.Write(w.header())
	refIndex := w.section('r', w.refRecords(tb))
	logPos, logIndex := 0, 0
	if len(t.Logs) > 0 {
		logPos = w.out.Len()
		if len(t.Refs) == 0 {
			logPos = 0
		}
		logIndex = w.section('g', w.logRecords(tb))
	}
	foot := w.header()
	for _, n := range []int{refIndex, 0, 0, logPos, logIndex} {
		foot = binary.BigEndian.AppendUint64(foot, uint64(n))
	}
	w.out.Write(binary.BigEndian.AppendUint32(foot, crc32.ChecksumIEEE(foot)))
	return w.out.Bytes()
}

func (w *tableWriter) header() []byte {
	version := byte(1)
	if w.SHA256 || w.V2 {
		version = 2
	}
	b := append([]byte("REFT"), version)
	b = append(b, put24(w.BlockSize)...)
	b = binary.BigEndian.AppendUint64(b, w.First)
	b = binary.BigEndian.AppendUint64(b, w.Last)
	switch {
	case w.SHA256:
		b = append(b, "s256"...)
	case w.V2:
		b = append(b, "sha1"...)
	}
	return b
}

func put24(n int) []byte { return []byte{byte(n >> 16), byte(n >> 8), byte(n)} }

// tableRecord is a record: its key, the type of its value, and the value.
type tableRecord struct {
	key   string
	kind  int
	value []byte
}

func (w *tableWriter) refRecords(tb testing.TB) (out []tableRecord) {
	for _, r := range w.Refs {
		v := putVarint(nil, 0)
		kind := 0
		switch {
		case r.Target != "":
			kind = 3
			v = append(putVarint(v, uint64(len(r.Target))), r.Target...)
		case r.Peeled != "":
			kind = 2
			v = append(append(v, unhex(tb, r.ID)...), unhex(tb, r.Peeled)...)
		case r.ID != "":
			kind = 1
			v = append(v, unhex(tb, r.ID)...)
		}
		out = append(out, tableRecord{r.Name, kind, v})
	}
	return out
}

func (w *tableWriter) logRecords(tb testing.TB) (out []tableRecord) {
	for _, l := range w.Logs {
		key := string(binary.BigEndian.AppendUint64([]byte(l.Name+"\x00"), 0xffffffffffffffff-l.Update))
		if l.New == "" {
			out = append(out, tableRecord{key, 0, nil})
			continue
		}
		v := append(unhex(tb, l.Old), unhex(tb, l.New)...)
		v = append(putVarint(v, uint64(len(l.Who))), l.Who...)
		v = append(putVarint(v, uint64(len(l.Mail))), l.Mail...)
		v = putVarint(v, l.Time)
		v = binary.BigEndian.AppendUint16(v, uint16(l.Zone))
		v = append(putVarint(v, uint64(len(l.Message))), l.Message...)
		out = append(out, tableRecord{key, 1, v})
	}
	return out
}

func unhex(tb testing.TB, id string) []byte {
	tb.Helper()
	raw, err := hex.DecodeString(id)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// putVarint appends a number as packs store the offsets of deltas.
func putVarint(b []byte, n uint64) []byte {
	var digits []byte
	digits = append(digits, byte(n&0x7f))
	for n >>= 7; n > 0; n >>= 7 {
		n--
		digits = append(digits, byte(n&0x7f)|0x80)
	}
	slices.Reverse(digits)
	return append(b, digits...)
}

// section writes the blocks of a kind, and an index if there are several
// blocks. It returns the position of the index.
func (w *tableWriter) section(kind byte, records []tableRecord) int {
	slices.SortFunc(records, func(a, b tableRecord) int { return strings.Compare(a.key, b.key) })
	w.index = nil
	for _, r := range records {
		w.add(kind, r)
	}
	w.flush(kind)
	if len(w.index) < 2 {
		return 0
	}
	blocks := w.index
	at := w.out.Len()
	limit := w.BlockSize
	w.BlockSize = 1<<24 - 1 // to make it one block
	for _, e := range blocks {
		w.add('i', tableRecord{e.last, 0, putVarint(nil, uint64(e.pos))})
	}
	w.flushUnaligned('i')
	w.BlockSize = limit
	return at
}

func (w *tableWriter) limit() int {
	if w.BlockSize == 0 {
		return 4096
	}
	return w.BlockSize
}

// before returns how many bytes of the file header count as part of the block.
func (w *tableWriter) before() int {
	if n := len(w.header()); w.out.Len() == n {
		return n
	}
	return 0
}

func (w *tableWriter) add(kind byte, r tableRecord) {
	b, restart := w.encode(r)
	if w.count > 0 && w.before()+4+len(w.block)+len(b)+3*(len(w.starts)+1)+2 > w.limit() {
		w.flush(kind)
		b, restart = w.encode(r)
	}
	if restart {
		w.starts = append(w.starts, w.before()+4+len(w.block))
	}
	w.block = append(w.block, b...)
	w.last = r.key
	w.count++
}

func (w *tableWriter) encode(r tableRecord) (b []byte, restart bool) {
	prefix := 0
	if restart = w.count%w.Restarts == 0; !restart {
		for prefix < min(len(r.key), len(w.last)) && r.key[prefix] == w.last[prefix] {
			prefix++
		}
	}
	b = putVarint(nil, uint64(prefix))
	b = putVarint(b, uint64(len(r.key)-prefix)<<3|uint64(r.kind))
	b = append(b, r.key[prefix:]...)
	return append(b, r.value...), restart
}

// flush writes the block. Ref blocks are padded with zeros.
func (w *tableWriter) flush(kind byte) {
	if w.count == 0 {
		return
	}
	start := w.out.Len() - w.before()
	w.flushUnaligned(kind)
	if kind == 'r' && w.BlockSize > 0 {
		if over := (w.out.Len() - start) % w.BlockSize; over > 0 {
			w.out.Write(make([]byte, w.BlockSize-over))
		}
	}
}

func (w *tableWriter) flushUnaligned(kind byte) {
	before, pos := w.before(), w.out.Len()
	if before > 0 {
		pos = 0
	}
	body := w.block
	for _, s := range w.starts {
		body = append(body, put24(s)...)
	}
	body = binary.BigEndian.AppendUint16(body, uint16(len(w.starts)))
	w.out.WriteByte(kind)
	w.out.Write(put24(before + 4 + len(body)))
	if kind == 'g' {
		z := zlib.NewWriter(&w.out)
		_, _ = z.Write(body) // a buffer returns no error
		_ = z.Close()
	} else {
		w.out.Write(body)
	}
	w.index = append(w.index, indexEntry{w.last, pos})
	w.block, w.starts, w.count, w.last = nil, nil, 0, ""
}

// ToReftable converts the refs of the repository from files to reftables, as a
// version of git with support for them would: two tables, and one for each
// linked worktree.
func (r *Repo) ToReftable() {
	r.T.Helper()
	dir := r.GitDir()
	sha256 := len(r.Git("hash-object", "--stdin")) == 64
	old := Table{SHA256: sha256, BlockSize: 4096, First: 1, Last: 1000}
	for _, line := range Lines(r.Git("for-each-ref", "--format=%(refname) %(objectname) %(*objectname) %(symref)")) {
		f := strings.Split(line, " ")
		old.Refs = append(old.Refs, TableRef{f[0], f[1], f[2], f[3]})
	}
	r.takeLogs(&old, filepath.Join(dir, "logs"))
	gone := TableRef{Name: "refs/heads/was-deleted", ID: strings.Repeat("ab", len(r.Git("hash-object", "--stdin"))/2)}
	old.Refs = append(old.Refs, gone)
	head := Table{SHA256: sha256, BlockSize: 4096, First: 1001, Last: 1001, Refs: []TableRef{{Name: gone.Name}, r.headRef(dir)}}
	r.writeStack(dir, old, head)
	for _, linked := range subfolders(filepath.Join(dir, "worktrees")) {
		own := Table{SHA256: sha256, BlockSize: 4096, First: 1, Last: 1000, Refs: []TableRef{r.headRef(linked)}}
		r.takeLogs(&own, filepath.Join(linked, "logs"))
		r.writeStack(linked, own)
	}
	r.Git("config", "core.repositoryformatversion", "1")
	r.Git("config", "extensions.refStorage", "reftable")
	for _, name := range []string{"packed-refs", "logs", "refs"} {
		r.must(os.RemoveAll(filepath.Join(dir, name)))
	}
	r.must(os.Mkdir(filepath.Join(dir, "refs"), 0o755))
	r.must(os.WriteFile(filepath.Join(dir, "refs", "heads"), []byte("this repository uses the reftable format\n"), 0o644))
}

func (r *Repo) must(err error) {
	r.T.Helper()
	if err != nil {
		r.T.Fatal(err)
	}
}

func subfolders(dir string) (out []string) {
	entries, _ := os.ReadDir(dir) // empty if there is no folder
	for _, e := range entries {
		out = append(out, filepath.Join(dir, e.Name()))
	}
	return out
}

func (r *Repo) headRef(dir string) TableRef {
	value := r.readFile(filepath.Join(dir, "HEAD"))
	if to, ok := strings.CutPrefix(value, "ref: "); ok {
		return TableRef{Name: "HEAD", Target: to}
	}
	return TableRef{Name: "HEAD", ID: value}
}

// takeLogs moves the reflogs below dir to a table.
func (r *Repo) takeLogs(t *Table, dir string) {
	r.T.Helper()
	update := uint64(0)
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil // there may be no logs
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		for _, line := range Lines(r.readFile(path)) {
			update++
			t.Logs = append(t.Logs, r.logLine(filepath.ToSlash(name), update, line))
		}
		return nil
	})
	r.must(err)
	r.must(os.RemoveAll(dir))
}

// logLine parses a line of a reflog.
func (r *Repo) logLine(name string, update uint64, line string) TableLog {
	r.T.Helper()
	ident, message, _ := strings.Cut(line, "\t")
	ids := strings.SplitN(ident, " ", 3)
	who, rest, ok := strings.Cut(ids[2], " <")
	mail, when, ok2 := strings.Cut(rest, "> ")
	seconds, zone, ok3 := strings.Cut(when, " ")
	if !ok || !ok2 || !ok3 {
		r.T.Fatalf("%q is no line of a reflog", line)
	}
	sec, err := strconv.ParseUint(seconds, 10, 64)
	r.must(err)
	z, err := strconv.ParseInt(zone, 10, 16)
	r.must(err)
	return TableLog{name, update, ids[0], ids[1], who, mail, sec, int16(z), message + "\n"}
}

func (r *Repo) writeStack(dir string, tables ...Table) {
	r.T.Helper()
	var files [][]byte
	for _, t := range tables {
		files = append(files, t.Bytes(r.T))
	}
	r.must(WriteStack(dir, files...))
	r.must(os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: refs/heads/.invalid\n"), 0o644))
}

// WriteStack writes tables, oldest first, as the stack of a git directory.
func WriteStack(dir string, tables ...[]byte) error {
	dir = filepath.Join(dir, "reftable")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var list strings.Builder
	for i, t := range tables {
		name := fmt.Sprintf("0x%012x-0x%012x-%08x.ref", i+1, i+1, i+1)
		fmt.Fprintln(&list, name)
		if err := os.WriteFile(filepath.Join(dir, name), t, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "tables.list"), []byte(list.String()), 0o644)
}
