package fetch

import (
	"bytes"
	"context"
	"io"
	"slices"
)

// Session is a conversation with the server of a repository.
type Session struct {
	*Advert
	link link
}

// link carries a request to a server, and its answer back.
type link interface {
	send(ctx context.Context, request []byte) (*packets, error)
	close() // ends the answer too
}

// Anonymous reports whether the server has shown the refs to somebody without
// credentials, as it would to anybody.
func (s *Session) Anonymous() bool {
	l, ok := s.link.(*httpLink)
	return ok && l.auth == nil
}

// Close ends the session.
func (s *Session) Close() { s.link.close() }

// Fetch asks for objects and everything that they name, and writes the pack that the
// server sends to w. It does not ask for what haves name, and what these name, if the
// server knows them. After an error w has what came before it.
func (s *Session) Fetch(ctx context.Context, wants, haves []string, w io.Writer) error {
	answer, err := s.link.send(ctx, s.request(wants, haves))
	if err == nil {
		err = readPack(answer, s.has("side-band-64k"), w)
	}
	if err != nil {
		return explain(ctx, err)
	}
	return nil
}

// TakesAny reports whether the server may send objects that no ref names, if it is asked
// for them by their ids.
func (s *Session) TakesAny() bool {
	return s.has("allow-reachable-sha1-in-want") || s.has("allow-any-sha1-in-want")
}

func (s *Session) has(capability string) bool { return slices.Contains(s.caps, capability) }

// request returns the whole of it: all wants and haves at once, since the server
// need not choose. It asks for no thin pack, so that bases of deltas are in the pack.
func (s *Session) request(wants, haves []string) []byte {
	caps := ""
	for _, c := range []string{"side-band-64k", "ofs-delta", "no-progress"} {
		if s.has(c) {
			caps += " " + c
		}
	}
	if s.value("object-format=") != "" {
		caps += " object-format=" + s.value("object-format=")
	}
	if s.value("agent=") != "" {
		caps += " agent=r8scan"
	}
	var b []byte
	for i, id := range wants {
		if i > 0 {
			caps = ""
		}
		b = packet(b, "want %s%s\n", id, caps)
	}
	b = append(b, flush...)
	for _, id := range haves {
		b = packet(b, "have %s\n", id)
	}
	return packet(b, "done\n")
}

// The bands of an answer.
const (
	bandPack     = 1
	bandProgress = 2
	bandError    = 3
)

// readPack writes the pack of an answer to w.
func readPack(p *packets, banded bool, w io.Writer) error {
	for {
		line, err := p.next()
		if err != nil {
			return err
		}
		switch {
		case bytes.HasPrefix(line, []byte("ERR ")):
			return saysError(line[4:])
		case bytes.HasPrefix(line, []byte("ACK ")), bytes.HasPrefix(line, []byte("NAK")):
			if !banded {
				_, err := io.Copy(w, p.r)
				return err
			}
		case len(line) == 0:
		case banded && line[0] <= bandError:
			return readBands(p, line, w)
		default:
			return errPacket
		}
	}
}

// readBands writes the pack in bands, the first of which is line.
func readBands(p *packets, line []byte, w io.Writer) (err error) {
	for ; line != nil; line, err = p.next() {
		if len(line) == 0 {
			continue
		}
		switch body := line[1:]; line[0] {
		case bandPack:
			if _, err := w.Write(body); err != nil {
				return err
			}
		case bandProgress:
		case bandError:
			return saysError(body)
		default:
			return errPacket
		}
	}
	return err
}
