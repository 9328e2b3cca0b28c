package fix

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"r8scan/internal/door"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/rules"
)

// WriteText writes the changes, what is left alone and why, and what git holds. No
// credential is in it. set masks those of its rules.
func (o *Outcome) WriteText(w io.Writer, set *rules.Set, color bool) error {
	t := &text{set: set, color: color}
	for _, f := range o.Files {
		switch {
		case len(f.fixed) == 0:
		case o.Written && f.refused == "":
			fmt.Fprintf(t, "fixed %s: %s\n", door.Printable(f.Path), terminal.Plural(int64(len(f.fixed)), "place"))
		case !o.Written:
			t.diff(f)
		}
	}
	t.left(o)
	t.then(o)
	if _, err := w.Write(t.Bytes()); err != nil {
		return err
	}
	return o.writeHistory(w, color)
}

// text collects the lines of an outcome.
type text struct {
	bytes.Buffer
	set   *rules.Set
	color bool
}

// diff writes the change of a file.
func (t *text) diff(f *File) {
	before, _ := decode(f.before)
	after, _ := decode(f.after)
	name := door.Printable(f.Path)
	fmt.Fprintf(t, "%s\n%s\n", terminal.Paint(t.color, terminal.Bold, "--- "+name), terminal.Paint(t.color, terminal.Bold, "+++ "+name))
	for _, line := range diff(before, after, t.masked(before, f), t.masked(after, f)) {
		color := ""
		switch line[0] {
		case '-':
			color = terminal.Red
		case '+':
			color = terminal.Green
		case '@':
			color = terminal.Dim
		}
		line = safeLine(line)
		if color != "" {
			line = terminal.Paint(t.color, color, line)
		}
		fmt.Fprintln(t, line)
	}
	if f.refused != "" {
		fmt.Fprintf(t, "(--write would not change this file: %s)\n", f.refused)
	}
	fmt.Fprintln(t)
}

// safeLine escapes a line for a terminal, but for its tabs.
func safeLine(line string) string {
	parts := strings.Split(line, "\t")
	for i, p := range parts {
		parts[i] = terminal.Safe(p)
	}
	return strings.Join(parts, "\t")
}

// masked masks the credentials of a text, also those that are told by what the
// change has taken away.
func (t *text) masked(content []byte, f *File) []byte {
	s := t.set.Redact(string(content))
	for _, secret := range f.secrets {
		if plain := secret.Reveal(); plain != "" {
			s = strings.ReplaceAll(s, plain, secret.Mask())
		}
	}
	return []byte(s)
}

// left writes the places that stay as they are.
func (t *text) left(o *Outcome) {
	begun := false
	begin := func() {
		if !begun {
			fmt.Fprintln(t, terminal.Paint(t.color, terminal.Yellow, "Left alone:"))
			begun = true
		}
	}
	for _, f := range o.Files {
		places := f.Left
		if o.Written && f.refused != "" && len(f.fixed) > 0 {
			begin()
			fmt.Fprintf(t, "  %s, %s: %s\n", door.Printable(f.Path), terminal.Plural(int64(len(f.fixed)), "place"), f.refused)
		}
		for _, p := range places {
			begin()
			at := door.Printable(f.Path)
			if p.Line > 0 {
				at += fmt.Sprintf(":%d", p.Line)
			}
			if p.Token != "" {
				at += "  " + terminal.Safe(strings.TrimRight(p.Token, "*")) + "***"
			}
			fmt.Fprintf(t, "  %s: %s\n", at, door.Printable(p.Why))
			if p.Advice != "" {
				fmt.Fprintf(t, "    %s\n", p.Advice)
			}
		}
	}
	if begun {
		fmt.Fprintln(t)
	}
}

// then writes what is to be done beside the changes: what their kinds of files need,
// and what the environment file got.
func (t *text) then(o *Outcome) {
	var lines []string
	if names := slices.Sorted(maps.Keys(o.values())); len(names) > 0 && len(o.Env) == 0 {
		lines = append(lines, "Set "+strings.Join(names, ", ")+" where the programs run.")
	}
	for _, f := range o.Files {
		if f.refused != "" && o.Written {
			continue
		}
		for _, p := range f.fixed {
			note := p.row.Instead(p.variable).Note
			if line := p.row.Title + ": " + note; note != "" && !p.prose && !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	values := o.values()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if n := values[name]; n > 1 {
			lines = append(lines, fmt.Sprintf("%s stands for %d different values now: give those that must differ variables of their own.", name, n))
		}
	}
	if len(o.Staged) > 0 && o.Written {
		lines = append(lines, "The index has the old text of "+strings.Join(o.Staged, ", ")+": stage what was fixed (git add).")
	}
	for _, line := range o.Env {
		lines = append(lines, "Environment file: "+line+".")
	}
	if len(lines) == 0 {
		return
	}
	fmt.Fprintln(t, terminal.Paint(t.color, terminal.Bold, "Then:"))
	for _, line := range lines {
		fmt.Fprintf(t, "  %s\n", door.Printable(line))
	}
	fmt.Fprintln(t)
}

// writeHistory writes what git holds, as reports do.
func (o *Outcome) writeHistory(w io.Writer, color bool) error {
	render, err := report.For("text", "")
	if err != nil {
		return err
	}
	for _, doc := range o.History {
		if _, err := fmt.Fprintf(w, "%s\n", terminal.Paint(color, terminal.Bold, "What git holds is left alone:")); err != nil {
			return err
		}
		if err := render(w, doc, report.Options{Color: color}); err != nil {
			return err
		}
	}
	return nil
}

// values counts the different credentials that a variable stands for now.
func (o *Outcome) values() map[string]int {
	ids := map[string]map[string]bool{}
	for _, f := range o.Files {
		for _, p := range f.fixed {
			if p.prose || f.refused != "" && o.Written {
				continue
			}
			if ids[p.variable] == nil {
				ids[p.variable] = map[string]bool{}
			}
			ids[p.variable][p.Secret.ID()] = true
		}
	}
	n := map[string]int{}
	for name, set := range ids {
		n[name] = len(set)
	}
	return n
}

// Summary writes notes, what was not read, and in its last line how much was fixed
// and what remains.
func (o *Outcome) Summary(w io.Writer) {
	for _, note := range o.Notes {
		fmt.Fprintf(w, "note: %s\n", door.Printable(note))
	}
	for _, u := range o.Unread {
		fmt.Fprintf(w, "not read: %s: %s\n", door.Printable(u.What), door.Printable(u.Reason))
	}
	fixed, files, left := 0, 0, 0
	for _, f := range o.Files {
		left += len(f.Left)
		if o.Written && f.refused != "" {
			left += len(f.fixed)
			continue
		}
		if len(f.fixed) > 0 {
			fixed += len(f.fixed)
			files++
		}
	}
	var parts []string
	places := terminal.Plural(int64(fixed), "place") + " in " + terminal.Plural(int64(files), "file")
	switch {
	case fixed == 0:
		parts = append(parts, "nothing to fix")
	case o.Written:
		parts = append(parts, "fixed: "+places)
	default:
		parts = append(parts, "to fix: "+places+" (--write does it)")
	}
	if left > 0 {
		parts = append(parts, "left alone: "+terminal.Plural(int64(left), "place"))
	}
	if o.Skipped > 0 {
		parts = append(parts, "ignored by git, where a token may be: "+terminal.Plural(int64(o.Skipped), "file"))
	}
	for _, doc := range o.History {
		parts = append(parts, "in git: "+terminal.Plural(int64(len(doc.Findings)), "token"))
	}
	fmt.Fprintln(w, strings.Join(parts, "; "))
}
