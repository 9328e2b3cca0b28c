package archive

import (
	"fmt"
	"io"

	"r8scan/internal/git/reftable"
)

// RefLogs is the prefix of the paths of reflogs in a table of refs.
const RefLogs = "logs/"

// readReftable reads a table of git's refs and reflogs. Its members are one file
// of all refs, like git's packed-refs, and one log for each ref, like git's log
// files but with the newest entry first.
func readReftable(in *container) error {
	c := in.c
	c.done = true
	if err := c.random(in.walk); err != nil {
		return err
	}
	cost := reftable.Memory(c.size)
	if err := in.take(cost); err != nil {
		return err
	}
	defer in.give(cost)
	t := &tableText{in: in}
	defer t.close()
	return reftable.Reader{Ref: t.ref, Log: t.log, Grow: in.grow}.Read(c.at, c.size)
}

// tableText writes a table's records to the sinks of its members.
type tableText struct {
	in   *container
	name string // of the member whose sink is open
	sink io.WriteCloser
	line []byte
}

func (t *tableText) close() {
	if t.sink != nil {
		t.sink.Close()
	}
	t.sink = nil
}

// open opens the sink of the member called name, if it is not open.
func (t *tableText) open(name string) error {
	if t.sink != nil && t.name == name {
		return nil
	}
	t.close()
	if err := t.in.enter(t.in.path); err != nil {
		return err
	}
	t.name, t.sink = name, t.in.v.Member(join(t.in.path, name), name)
	return nil
}

func (t *tableText) ref(r *reftable.Ref) error {
	if err := t.open("refs"); err != nil {
		return err
	}
	switch {
	case r.Target != nil:
		t.line = fmt.Appendf(t.line[:0], "ref: %s %s\n", r.Target, r.Name)
	case r.ID == nil:
		t.line = fmt.Appendf(t.line[:0], "deleted %s\n", r.Name)
	default:
		t.line = fmt.Appendf(t.line[:0], "%x %s\n", r.ID, r.Name)
	}
	_, err := t.sink.Write(t.line)
	return err
}

func (t *tableText) log(l *reftable.Log) error {
	if err := t.open(RefLogs + string(l.Name)); err != nil || l.Deleted {
		return err
	}
	t.line = fmt.Appendf(t.line[:0], "%x %x %s <%s> %d %+05d\t%s", l.Old, l.New, l.Who, l.Mail, l.Time, l.Zone, l.Message)
	if n := len(l.Message); n == 0 || l.Message[n-1] != '\n' {
		t.line = append(t.line, '\n')
	}
	_, err := t.sink.Write(t.line)
	return err
}
