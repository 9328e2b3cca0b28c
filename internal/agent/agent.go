// Package agent judges what a coding agent is about to do. An agent starts
// r8scan as a hook and gives it an event: a prompt, a call of a tool, or a
// tool's output. The package refuses what would carry a token into a file that
// git has or would take, into a command, or into the model's context.
//
// The agent is guarded, so nothing that it can write weakens the guard: it reads
// r8scan:allow and .r8scan.yaml at HEAD only, and refuses edits that switch
// checks off. It opens no path of an event outside the folder that the agent
// works in.
package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"r8scan/internal/door"
	"r8scan/rules"
)

// ErrRefused means that the event is refused by the exit code: its agent is not
// known, so no answer as JSON would reach it.
var ErrRefused = errors.New("refused")

// maxEvent is how many bytes of an event are parsed. A longer one is only
// searched.
const maxEvent = 64 << 20

// usualEvent is how many bytes an event has at most as a rule: reading it takes one
// buffer.
const usualEvent = 96 << 10

// Hook answers an event.
type Hook struct {
	In     io.Reader
	Out    io.Writer // takes the answer, and nothing else: an agent may show the rest to the model
	Err    io.Writer // takes notes
	Strict bool      // refuse what cannot be judged
}

// Run reads the event and writes the answer. It returns ErrRefused if the exit
// code must refuse; the reason is on Err then.
func (h Hook) Run() (err error) {
	defer func() {
		if p := recover(); p != nil { // its exit code would refuse
			err = h.unjudged("r8scan failed on the event; please report this")
		}
	}()
	var b bytes.Buffer
	b.Grow(usualEvent)
	_, err = b.ReadFrom(io.LimitReader(h.In, maxEvent+1))
	text := b.Bytes()
	if err != nil {
		return h.unjudged("the event cannot be read: " + err.Error())
	}
	if len(text) > maxEvent {
		return h.tooLong(text)
	}
	fields, err := parse(text)
	if err != nil {
		return h.unjudged(err.Error())
	}
	d, e := recognize(fields)
	if e == nil {
		return h.unjudged(fmt.Sprintf("event %q is not known", nameOf(fields)))
	}
	v := judge(e)
	for _, note := range v.notes {
		h.note(note)
	}
	return door.EncodeMasked(h.Out, door.Values(d.answer(e, v)), "")
}

// tooLong answers an event that is too long to be parsed. text is its start.
func (h Hook) tooLong(text []byte) error {
	n, err := rules.RedactStream(io.Discard, io.MultiReader(bytes.NewReader(text), h.In))
	switch {
	case err != nil:
		return h.unjudged("the event cannot be read: " + err.Error())
	case n > 0:
		h.note(fmt.Sprintf("refused: the event has more than %d MB, and a Replicate API token in it", maxEvent>>20))
		return ErrRefused
	}
	return h.unjudged(fmt.Sprintf("the event has more than %d MB", maxEvent>>20))
}

// unjudged lets an event pass that cannot be judged, unless Strict is set.
func (h Hook) unjudged(why string) error {
	if h.Strict {
		h.note("refused, because " + why)
		return ErrRefused
	}
	h.note("not checked: " + why)
	_, err := io.WriteString(h.Out, "{}\n")
	return err
}

func (h Hook) note(text string) {
	fmt.Fprintf(h.Err, "r8scan: %s\n", door.Printable(text))
}

// parse reads an event. Its numbers stay as they are, because a tool's output may
// go back to the agent.
func parse(text []byte) (fields, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var f fields
	err := d.Decode(&f)
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("there is no event on standard input: a coding agent starts this command")
	case err != nil: // the error may repeat a part of a token
		return nil, errors.New("the event is not JSON, or not whole")
	case f == nil:
		return nil, errors.New("the event is not a JSON object")
	}
	return f, nil
}
