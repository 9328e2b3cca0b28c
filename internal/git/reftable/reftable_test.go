package reftable

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/internal/git/wire"
)

// records has all records of a table.
type records struct {
	refs []gittest.TableRef
	logs []gittest.TableLog
	grew int64
}

// most is the limit for the expansion of a table in these tests.
const most = 64 << 20

var errMost = errors.New("it grows")

func read(table []byte) (*records, error) {
	var out records
	r := Reader{
		Ref: func(r *Ref) error {
			out.refs = append(out.refs, gittest.TableRef{Name: string(r.Name), ID: hex.EncodeToString(r.ID), Peeled: hex.EncodeToString(r.peeled), Target: string(r.Target)})
			return nil
		},
		Log: func(l *Log) error {
			out.logs = append(out.logs, gittest.TableLog{Name: string(l.Name), Update: l.Update, Old: hex.EncodeToString(l.Old), New: hex.EncodeToString(l.New),
				Who: string(l.Who), Mail: string(l.Mail), Time: l.Time, Zone: l.Zone, Message: string(l.Message)})
			return nil
		},
		Grow: func(n int64) error {
			if out.grew += n; out.grew > most {
				return errMost
			}
			return nil
		},
	}
	return &out, r.Read(bytes.NewReader(table), int64(len(table)))
}

// id returns the n-th id in hex.
func id(n, length int) string {
	return strings.Repeat(fmt.Sprintf("%02x", n%255+1), length)
}

// sample is a table with every kind of record; n is the number of refs.
func sample(n int) gittest.Table {
	t := gittest.Table{First: 1, Last: uint64(n)}
	return fillSample(t, n, 20)
}

func fillSample(t gittest.Table, n, length int) gittest.Table {
	for i := range n {
		r := gittest.TableRef{Name: fmt.Sprintf("refs/heads/topic/%04d", i), ID: id(i, length)}
		switch i % 4 {
		case 1:
			r.Peeled = id(i+1, length)
		case 2:
			r = gittest.TableRef{Name: r.Name, Target: "refs/heads/main"}
		case 3:
			r.ID = ""
		}
		t.Refs = append(t.Refs, r)
	}
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range n {
		l := gittest.TableLog{Name: fmt.Sprintf("refs/heads/topic/%04d", i/3), Update: uint64(100 - i%3)}
		if i%5 != 4 {
			l.Old, l.New = id(i, length), id(i+1, length)
			l.Who, l.Mail, l.Time, l.Zone = "Ada", "ada@example.org", uint64(1700000000+i), int16(100*(i%20-10))
			l.Message = fmt.Sprintf("commit: %d %x\n", i, rng.Uint64())
		}
		t.Logs = append(t.Logs, l)
	}
	return t
}

// TestWhatIsWrittenIsRead writes and reads tables in all variants of the
// format.
func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, n := range []int{0, 1, 20, 200} {
		for _, blockSize := range []int{0, 256, 4096} {
			for _, restarts := range []int{1, 16, 1000} {
				for _, v := range []gittest.Table{{}, {V2: true}, {SHA256: true}} {
					for _, part := range []string{"refs and logs", "refs", "logs"} {
						v.BlockSize, v.Restarts, v.First, v.Last = blockSize, restarts, 7, 1<<40
						length := 20
						if v.SHA256 {
							length = 32
						}
						table := fillSample(v, n, length)
						switch part {
						case "refs":
							table.Logs = nil
						case "logs":
							table.Refs = nil
						}
						got, err := read(table.Bytes(t))
						if err != nil || !slices.Equal(got.refs, table.Refs) || !slices.Equal(got.logs, table.Logs) {
							t.Fatalf("%d %s, blocks of %d, restarts %d, %+v: %d and %d are read: %v", n, part, blockSize, restarts, v, len(got.refs), len(got.logs), err)
						}
					}
				}
			}
		}
	}
}

// TestDamagedTables inverts each byte of a table and truncates it there.
// Reading must end, and no log may be lost silently. Refs have no checksum: a
// flipped bit can make a value longer, so that it includes the next record, or
// change a name.
func TestDamagedTables(t *testing.T) {
	for _, blockSize := range []int{0, 256} {
		table := sample(24)
		table.BlockSize = blockSize
		whole := table.Bytes(t)
		check := func(b []byte, how string) {
			got, err := read(b)
			if err == nil && (len(got.refs) < len(table.Refs)-2 || !slices.Equal(got.logs, table.Logs)) {
				t.Errorf("blocks of %d, %s: %d refs and %d logs are read of %d and %d", blockSize, how, len(got.refs), len(got.logs), len(table.Refs), len(table.Logs))
			}
		}
		step := 1
		if testing.Short() {
			step = 11
		}
		for i := 0; i < len(whole); i += step {
			for bit := range 9 {
				b := bytes.Clone(whole)
				b[i] ^= byte(1<<bit - bit/8)
				check(b, fmt.Sprintf("bit %d of byte %d inverted", bit, i))
			}
			if _, err := read(whole[:i]); err == nil {
				t.Errorf("blocks of %d: cut at byte %d, and no error", blockSize, i)
			}
		}
	}
}

// sealed renews a table's checksum.
func sealed(b []byte) []byte {
	binary.BigEndian.PutUint32(b[len(b)-4:], crc32.ChecksumIEEE(b[len(b)-68:len(b)-4]))
	return b
}

// TestBesideDamage continues after a damaged block: at the next aligned
// position, and at the logs.
func TestBesideDamage(t *testing.T) {
	table := sample(100)
	table.BlockSize = 256
	b := table.Bytes(t)
	b[256] = 'x' // the type of the second block
	got, err := read(b)
	if err == nil || !strings.Contains(err.Error(), "byte 256: its type 0x78 is not known") || len(got.refs) > 95 || len(got.refs) < 80 || len(got.logs) != 100 {
		t.Errorf("%d refs, %d logs, %v", len(got.refs), len(got.logs), err)
	}
	table.BlockSize = 0
	b = table.Bytes(t)
	b[24] = 'x'
	got, err = read(b)
	if err == nil || len(got.refs) != 0 || len(got.logs) != 100 {
		t.Errorf("%d refs, %d logs, %v", len(got.refs), len(got.logs), err)
	}
	table = sample(1000)
	b = table.Bytes(t)
	logs, index := binary.BigEndian.Uint64(b[len(b)-20:]), binary.BigEndian.Uint64(b[len(b)-12:])
	b[(logs+index)/2] ^= 1 // in compressed data
	got, err = read(b)
	if err == nil || len(got.refs) != 1000 || len(got.logs) < 900 || len(got.logs) == 1000 || got.logs[0] != table.Logs[0] || !slices.Contains(got.logs, table.Logs[999]) {
		t.Errorf("%d logs, %v", len(got.logs), err)
	}
	b[wire.Uint24(b[25:])] = 'x' // the second block; an index has the next one
	if got, _ = read(b); len(got.refs) < 800 || len(got.refs) == 1000 {
		t.Errorf("%d refs", len(got.refs))
	}
}

// TestLies has invalid tables with a valid checksum.
func TestLies(t *testing.T) {
	one := gittest.Table{Refs: []gittest.TableRef{{Name: "refs/heads/a", ID: id(1, 20)}, {Name: "refs/heads/b", ID: id(2, 20)}}}
	log := gittest.Table{Logs: sample(9).Logs}
	bomb := gittest.Table{BlockSize: 1<<24 - 1}
	for i := range 200 {
		bomb.Logs = append(bomb.Logs, gittest.TableLog{Name: "refs/heads/" + strings.Repeat("n", 1<<10), Update: uint64(i), Old: id(1, 20), New: id(2, 20), Message: strings.Repeat("x", 1<<16)})
	}
	long := gittest.Table{BlockSize: 1<<24 - 1, Restarts: 1 << 20}
	for i := range 100 {
		long.Refs = append(long.Refs, gittest.TableRef{Name: strings.Repeat("n", 1<<20) + fmt.Sprintf("%04d", i), ID: id(1, 20)})
	}
	for name, c := range map[string]struct {
		table gittest.Table
		lie   func(b []byte)
		want  string
	}{
		"restart count":        {one, func(b []byte) { b[len(b)-68-2] = 0xff }, "number of restarts, 65281, is wrong"},
		"no restarts":          {one, func(b []byte) { b[len(b)-68-1] = 0 }, "number of restarts, 0, is wrong"},
		"restart outside":      {one, func(b []byte) { b[len(b)-68-5] = 0xff }, "restarts are wrong"},
		"restart inside":       {one, func(b []byte) { b[len(b)-68-3]++ }, "restarts are wrong"},
		"prefix of nothing":    {one, func(b []byte) { b[28] = 1 }, "a record in it is damaged"},
		"prefix too long":      {one, func(b []byte) { b[28+2+12+1+20] = 99 }, "a record in it is damaged"},
		"suffix too long":      {one, func(b []byte) { b[29] = 0xff }, "a record in it is damaged"},
		"endless number":       {one, func(b []byte) { copy(b[28:], bytes.Repeat([]byte{0xff}, 12)) }, "a record in it is damaged"},
		"unknown value":        {one, func(b []byte) { b[29] |= 7 }, "type 7, which is not known"},
		"not in order":         {one, func(b []byte) { b[28+2+11] = 'z' }, "not in order"},
		"block too long":       {one, func(b []byte) { b[25] = 0xff }, "unexpected end"},
		"block too short":      {one, func(b []byte) { copy(b[25:28], "\x00\x00\x03") }, "length of 3 bytes is too small"},
		"version":              {one, func(b []byte) { b[4], b[len(b)-64] = 3, 3 }, "version 3"},
		"footer and header":    {one, func(b []byte) { b[len(b)-50]++ }, "its header or footer is damaged"},
		"logs elsewhere":       {log, func(b []byte) { b[len(b)-13] = 9 }, "has logs where the footer has none"},
		"more logs than fit":   {log, func(b []byte) { b[25] = 0xff }, "more than the rest of the table can hold"},
		"logs longer":          {log, func(b []byte) { b[27]-- }, "more of them than declared"},
		"bomb":                 {bomb, func([]byte) {}, ""},
		"long names":           {long, func([]byte) {}, errMost.Error()},
		"nothing but a header": {gittest.Table{}, func([]byte) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := c.table.Bytes(t)
			c.lie(b)
			got, err := read(sealed(b))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if got.grew > most+1<<24+1<<20 {
				t.Errorf("it grew by %d bytes", got.grew)
			}
		})
	}
}

// TestManyDamages checks that reading ends if everything in a table is damaged.
func TestManyDamages(t *testing.T) {
	b := append([]byte("REFT\x01\x00\x00\x40"), bytes.Repeat([]byte("x"), 1<<20)...)
	_, err := read(b)
	if err == nil || !strings.Contains(err.Error(), "the rest of it was not read; and it is damaged in 999 more places") {
		t.Error(err)
	}
}

// FuzzRead uses any bytes as a table, also with a valid checksum. Reading must
// end within its limits.
func FuzzRead(f *testing.F) {
	for _, n := range []int{0, 1, 30} {
		for _, blockSize := range []int{0, 128} {
			for _, sha256 := range []bool{false, true} {
				v, length := gittest.Table{BlockSize: blockSize, SHA256: sha256}, 20
				if sha256 {
					length = 32
				}
				table := fillSample(v, n, length)
				f.Add(table.Bytes(f))
				table.Refs = nil
				f.Add(table.Bytes(f))
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fits := bytes.Clone(b)
		if len(fits) > 68 {
			copy(fits[len(fits)-68:], fits[:24])
			fits = sealed(fits)
		}
		for _, b := range [][]byte{b, fits} {
			got, err := read(b)
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of several lines: %q", err)
			}
			if got.grew > most+1<<24+int64(len(b)) {
				t.Errorf("it grew by %d bytes", got.grew)
			}
		}
	})
}
