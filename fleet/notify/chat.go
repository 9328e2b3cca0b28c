package notify

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"r8scan/internal/terminal"
	"r8scan/report"
)

// message is an event for a chat. Its texts are plain, but each kind of chat has markup
// that they must not become: Slack and Teams get them as elements that have none, and
// Discord as code.
type message struct {
	title string // ours
	facts []fact
	spots []spot
	more  int // places that are not in spots
	next  string
}

type fact struct{ name, value string }

// spot is a place: its text, and a link or "".
type spot struct{ text, url string }

// maxSpots is how many places a chat is told.
const maxSpots = 5

// accountPage is where owners see their tokens.
const accountPage = "https://replicate.com/account/api-tokens"

func newMessage(e Event) message {
	m := message{title: "A Replicate API token is public", next: "It still works. Its owner can disable it at " + accountPage}
	m.facts = []fact{{"Token", plain(e.Mask, 60)}, {"Id", plain(e.TokenID, 60)}}
	if o := owner(e.Account); o != "" {
		m.facts = append(m.facts, fact{"Owner", o})
	}
	if !e.Checked.IsZero() {
		m.facts = append(m.facts, fact{"Replicate said", plain(string(e.Status), 20) + ", " + moment(e.Checked)})
	}
	if e.Status == report.StatusRevoked || !e.Disabled.IsZero() {
		m.title, m.next = "A public Replicate API token is disabled", "No action needed, except by its owner."
	}
	if !e.Disabled.IsZero() {
		m.facts = append(m.facts, fact{"Disabled", moment(e.Disabled)})
	}
	for _, p := range e.Places[:min(len(e.Places), maxSpots)] {
		s := spot{plain(at(p.Repository), 100), link(p.URL)}
		if p.Path != "" {
			s.text += " · " + plain(p.Path, 120)
		}
		if p.Line > 0 {
			s.text += fmt.Sprintf(" · line %d", p.Line)
		}
		m.spots = append(m.spots, s)
	}
	m.more = len(e.Places) - len(m.spots)
	return m
}

// rest says how many places are left off; "" for none.
func rest(n int) string {
	if n == 0 {
		return ""
	}
	return "and " + terminal.Plural(int64(n), "more place")
}

// object is one of JSON's.
type object = map[string]any

// slack returns a message of elements in which Slack looks for no markup, mentions or
// links. Its text is shown in notifications.
func slack(m message) any {
	text := func(s string) object { return object{"type": "text", "text": s} }
	section := func(e ...any) object { return object{"type": "rich_text_section", "elements": e} }
	bold := object{"type": "text", "text": m.title, "style": object{"bold": true}}
	lines := []any{bold, text("\n")}
	for _, f := range m.facts {
		lines = append(lines, text(f.name+": "+f.value+"\n"))
	}
	lines = append(lines, text(m.next))
	var items []any
	for _, s := range m.spots {
		item := []any{text(s.text)}
		if s.url != "" {
			item = append(item, text(" "), object{"type": "link", "url": s.url, "text": "open"})
		}
		items = append(items, section(item...))
	}
	if m.more > 0 {
		items = append(items, section(text(rest(m.more))))
	}
	parts := []any{section(lines...)}
	if len(items) > 0 {
		parts = append(parts, object{"type": "rich_text_list", "style": "bullet", "elements": items})
	}
	return object{
		"text":         m.title,
		"blocks":       []any{object{"type": "rich_text", "elements": parts}},
		"unfurl_links": false,
		"unfurl_media": false,
	}
}

// teams returns an Adaptive Card, as a workflow of Teams takes it. TextRuns have no
// Markdown, and a mention would need entities, of which there are none.
func teams(m message) any {
	line := func(runs ...any) object { return object{"type": "RichTextBlock", "inlines": runs} }
	run := func(s string) object { return object{"type": "TextRun", "text": s} }
	body := []any{line(object{"type": "TextRun", "text": m.title, "size": "Large", "weight": "Bolder"})}
	for _, f := range m.facts {
		body = append(body, line(object{"type": "TextRun", "text": f.name + ": ", "weight": "Bolder"}, run(f.value)))
	}
	body = append(body, line(run(m.next)))
	for _, s := range m.spots {
		r := run(s.text)
		if s.url != "" {
			r["selectAction"] = object{"type": "Action.OpenUrl", "url": s.url}
		}
		body = append(body, line(r))
	}
	if m.more > 0 {
		body = append(body, line(run(rest(m.more))))
	}
	card := object{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": body}
	return object{"type": "message", "attachments": []any{
		object{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card},
	}}
}

// maxDiscord is less than the 2,000 characters that Discord takes.
const maxDiscord = 1900

// discord returns a message of which outside texts are code, in which Discord looks for
// nothing. It may mention nobody, and shows no previews.
func discord(m message) any {
	code := func(s string) string { return "`" + strings.ReplaceAll(s, "`", "'") + "`" }
	var b strings.Builder
	b.WriteString("**" + m.title + "**\n")
	for _, f := range m.facts {
		b.WriteString(f.name + ": " + code(f.value) + "\n")
	}
	b.WriteString(strings.Replace(m.next, accountPage, "<"+accountPage+">", 1) + "\n")
	more, size := m.more, units(b.String())
	for _, s := range m.spots {
		line := "- " + code(s.text)
		if s.url != "" {
			line += " [open](<" + s.url + ">)"
		}
		line += "\n"
		if size += units(line); size > maxDiscord {
			more++
			continue
		}
		b.WriteString(line)
	}
	if more > 0 {
		b.WriteString("- " + rest(more) + "\n")
	}
	return object{
		"content":          b.String(),
		"allowed_mentions": object{"parse": []string{}},
		"flags":            1 << 2, // no embeds of links
	}
}

// units is a text's length as JavaScript counts it, which is never less than Discord does.
func units(s string) int { return len(utf16.Encode([]rune(s))) }
