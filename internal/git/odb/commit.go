package odb

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Header is the header of a commit or tag. Ids are in hex. All slices are parts
// of the object's bytes.
type Header struct {
	Tree      []byte   // of a commit
	Parents   [][]byte // of a commit
	Object    []byte   // of a tag
	Type      []byte   // of Object, as the tag says
	Author    []byte   // the line of the author or tagger, without its keyword
	Committer []byte   // the line of the committer, without its keyword
}

var errHeaderLines = errors.New("its header is malformed")

// ParseHeader parses the header of a commit or tag into h. It reuses the slices
// of h.
func ParseHeader(data []byte, h *Header) error {
	*h = Header{Parents: h.Parents[:0]}
	for {
		end := bytes.IndexByte(data, '\n')
		if end <= 0 {
			break
		}
		line := data[:end]
		data = data[end+1:]
		keyword, value, _ := bytes.Cut(line, []byte(" "))
		switch string(keyword) {
		case "tree":
			h.Tree = value
		case "parent":
			h.Parents = append(h.Parents, value)
		case "object":
			h.Object = value
		case "type":
			h.Type = value
		case "author", "tagger":
			h.Author = value
		case "committer":
			h.Committer = value
		}
	}
	if h.Tree == nil && h.Object == nil {
		return errHeaderLines
	}
	return nil
}

// Signature splits the line of an author, committer or tagger into "Name
// <e-mail>" and the time with its zone. An invalid time is zero.
func Signature(line []byte) (who string, when time.Time) {
	s := string(line)
	i := strings.LastIndexByte(s, '>')
	if i < 0 {
		return s, time.Time{}
	}
	who = s[:i+1]
	sec := When(line)
	if sec < 0 {
		return who, time.Time{}
	}
	zone := time.UTC
	if fields := strings.Fields(s[i+1:]); len(fields) > 1 {
		zone = parseZone(fields[1])
	}
	return who, time.Unix(sec, 0).In(zone)
}

// When returns the seconds since 1970 in such a line, -1 if they are invalid.
func When(line []byte) int64 {
	i := bytes.LastIndexByte(line, '>')
	if i < 0 {
		return -1
	}
	rest := bytes.TrimLeft(line[i+1:], " \t")
	if end := bytes.IndexAny(rest, " \t"); end >= 0 {
		rest = rest[:end]
	}
	sec, err := strconv.ParseInt(string(rest), 10, 64)
	if err != nil || sec < 0 || sec > 1<<37 { // about the year 6300
		return -1
	}
	return sec
}

func parseZone(s string) *time.Location {
	n, err := strconv.Atoi(s)
	if err != nil || len(s) != 5 || n < -2359 || n > 2359 {
		return time.UTC
	}
	if n == 0 {
		return time.UTC
	}
	return time.FixedZone("", (n/100*60+n%100)*60)
}
