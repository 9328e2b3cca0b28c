package keypage

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"r8scan/internal/ask"
	"r8scan/internal/page"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/rules"
)

// head is that of every page.
var head = page.Head{Title: "Test your Replicate API token", Forms: true}

// view is what the template "verify" shows.
type view struct {
	page.Head
	Host          string // where tokens are sent
	Runs, MaxRuns int
	Minutes       int
	Result        *answer // nil before a test
	Answers       []ask.Answer
	TokensPage    string
	Effect        string // of disabling a token
}

func (s *server) view() view {
	return view{Head: head, Host: s.page.Verifier.Host(), Runs: s.page.Runs, MaxRuns: s.page.MaxRuns,
		Minutes: int(s.page.Idle.Minutes()), Answers: ask.Answers(), TokensPage: rules.TokensPage, Effect: rules.APIToken.Remedy.Effect}
}

// answer is the result of a test. Its texts are terminal-safe.
type answer struct {
	Status, Verdict string // for the look, and in words
	Meaning, Next   string
	Facts           []fact
	Handling        string
	Plot            *plot // nil if nothing was measured
}

type fact struct {
	Name, Value string
	Code        bool
}

func answerOf(doc ask.TokensDocument) *answer {
	t := doc.Tokens[0]
	a := &answer{Status: string(t.Verification.Status), Verdict: verdicts[t.Verification.Status], Meaning: t.Meaning, Next: t.Next}
	add := func(name, value string, code bool) {
		if value != "" {
			a.Facts = append(a.Facts, fact{name, terminal.Safe(value), code})
		}
	}
	add("Token", t.Token, true)
	add("Token id", t.TokenID, true)
	if owner := t.Verification.Account; owner != nil {
		name := owner.Type + " " + owner.Username
		if owner.Name != "" {
			name += " (" + owner.Name + ")"
		}
		add("Account", name, false)
	}
	add("Provider", t.Provider, false)
	format := "ok"
	if len(t.Problems) > 0 {
		format = strings.Join(t.Problems, "; ")
	}
	add("Format", format, false)
	add("Reason", t.Verification.Reason, false)
	if t.HTTPStatus != 0 {
		add("Answer", fmt.Sprintf("HTTP %d", t.HTTPStatus), false)
	}
	if t.TimingMS == nil {
		a.Handling = "It was not sent anywhere, and not stored or logged."
		return a
	}
	a.Handling = "It was sent to " + doc.Host + " only, and not stored or logged."
	if doc.Latency != nil {
		a.Plot = plotOf(doc.Latency.RunsMS, doc.Latency.Failed)
		a.Plot.Columns = []string{"min", "median", "p95"}
		a.Plot.rows(doc.Latency.MinMS, doc.Latency.MedianMS, doc.Latency.P95MS)
	} else if t.HTTPStatus != 0 {
		a.Plot = plotOf([]*ask.TimingMS{t.TimingMS}, 0)
		a.Plot.Columns = []string{"time"}
		a.Plot.rows(*t.TimingMS)
	}
	return a
}

// verdicts are the statuses in words.
var verdicts = map[report.Status]string{
	report.StatusLive:    "Live: Replicate accepts this token",
	report.StatusRevoked: "Not live: Replicate does not accept this token",
	report.StatusUnknown: "Not known: there was no clear answer",
	ask.StatusMalformed:  "Not a Replicate API token",
}

// phases are the parts of a run, in their order. The last one is what is left: the
// sending, and the answer after its first byte.
var phases = []struct {
	class, name string
	of          func(ask.TimingMS) float64
}{
	{"dns", "DNS", func(t ask.TimingMS) float64 { return t.DNS }},
	{"connect", "connect", func(t ask.TimingMS) float64 { return t.Connect }},
	{"tls", "TLS", func(t ask.TimingMS) float64 { return t.TLS }},
	{"first", "first byte", func(t ask.TimingMS) float64 { return t.FirstByte }},
	{"rest", "the rest", func(t ask.TimingMS) float64 {
		return max(0, t.Total-t.DNS-t.Connect-t.TLS-t.FirstByte)
	}},
}

// plot shows runs as bars of phases below each other, and the phases as a table.
type plot struct {
	Title, Label string
	Height       int
	Runs         []plotRun
	Longest      string
	Columns      []string
	Rows         []plotRow
}

type plotRun struct {
	Y     int
	Title string
	Parts []plotPart
}

type plotPart struct{ Class, X, Width string }

type plotRow struct {
	Class, Name string
	Times       []string
}

// runHeight is the distance of two bars, in pixels.
const runHeight = 16

func plotOf(runs []*ask.TimingMS, failed int) *plot {
	p := &plot{Title: "Round trip of " + terminal.Plural(int64(len(runs)), "request"), Height: runHeight * len(runs)}
	if failed > 0 {
		p.Title += fmt.Sprintf(" (%d more failed)", failed)
	}
	longest := 0.0
	for _, t := range runs {
		longest = max(longest, t.Total)
	}
	p.Longest = ms(longest)
	for i, t := range runs {
		run := plotRun{Y: runHeight * i, Title: fmt.Sprintf("run %d: %s", i+1, ms(t.Total))}
		at := 0.0
		for _, phase := range phases {
			if d := min(phase.of(*t), longest-at); d > 0 {
				run.Parts = append(run.Parts, plotPart{phase.class, percent(at / longest), percent(d / longest)})
				at += d
			}
		}
		p.Runs = append(p.Runs, run)
	}
	p.Label = fmt.Sprintf("%s, each a bar from 0 to at most %s. The table has the numbers.", p.Title, p.Longest)
	return p
}

// rows fills in the table.
func (p *plot) rows(columns ...ask.TimingMS) {
	for _, phase := range phases {
		row := plotRow{Class: phase.class, Name: phase.name}
		for _, t := range columns {
			text := ms(phase.of(t))
			if phase.class == "rest" && len(columns) > 1 {
				text = "–" // the rest of three medians is no median
			}
			row.Times = append(row.Times, text)
		}
		p.Rows = append(p.Rows, row)
	}
	total := plotRow{Name: "total"}
	for _, t := range columns {
		total.Times = append(total.Times, ms(t.Total))
	}
	p.Rows = append(p.Rows, total)
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 2, 64) + "%" }

func ms(n float64) string { return ask.Millis(time.Duration(n * float64(time.Millisecond))) }
