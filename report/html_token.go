package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	advise "r8scan/internal/advice"
	"r8scan/internal/terminal"
	"r8scan/result"
)

// htmlToken is a token as the page lists it.
type htmlToken struct {
	Class               string // for the filters
	Anchor, Mask, ID    string
	Status              string
	Owner, Where, Order string
	Known               []string
	Places              []htmlPlace
	Rest                *htmlPlaces // nil if Places has all
	Life                *life       // nil if no commit has it
}

type htmlPlace struct{ Where, URL, Notes, Instead string }

type htmlPlaces struct {
	Title  string
	Places []htmlPlace
}

func htmlTokenOf(doc *Document, f Finding, span axis, owners map[string]int) htmlToken {
	t := htmlToken{
		Class:  fmt.Sprintf("s-%s e-%s", f.Verification.Status, f.Exposure),
		Anchor: anchorOf(f),
		Mask:   terminal.Safe(f.Token),
		ID:     terminal.Safe(f.TokenID),
		Status: statusWords(f.Verification.Status),
		Owner:  ownerWords(doc.Run, f),
		Where:  exposureIn(doc.Run, f),
		Order:  upperFirst(orderFor(doc.Run, advise.GroupOf(caseOf(doc.Run, f)).Reach, f)),
		Known:  htmlKnown(doc, f),
		Life:   lifeOf(doc, f, span),
	}
	if n := owners[ownerKey(f)]; n > 0 {
		t.Class += fmt.Sprintf(" o%d", n)
	}
	for _, s := range spotsOf(f.Locations, false) {
		p := htmlPlace{Where: place(s.at), URL: permalink(doc.Target, f.History, s), Notes: s.notes(false)}
		if f.Verification.Status != StatusRevoked && !f.MayStay() && s.isThere() {
			p.Instead = instead(f, s.at).String()
		}
		t.Places = append(t.Places, p)
	}
	if rest := len(t.Places) - openPlaces; rest > 0 {
		t.Places, t.Rest = t.Places[:openPlaces], &htmlPlaces{terminal.Plural(int64(rest), "more place"), t.Places[openPlaces:]}
	}
	return t
}

// htmlKnown says what is remarkable about a finding beside its owner and place.
func htmlKnown(doc *Document, f Finding) []string {
	known := f
	known.Verification.Account = nil // it has a line of its own
	var notes []string
	for _, note := range append(knownOf(known), recheckLine(f), advise.Shared(caseOf(doc.Run, f))) {
		if note != "" {
			notes = append(notes, note)
		}
	}
	if f.CopiedBy != "" {
		notes = append(notes, "copied into images by "+terminal.Safe(f.CopiedBy))
	}
	return notes
}

// statusWords says what Replicate says of a token.
func statusWords(s Status) string {
	switch s {
	case StatusUnchecked:
		return "not asked"
	case StatusUnknown:
		return "not known whether live"
	}
	return terminal.Safe(string(s))
}

// ownerWords says whose a token is, or why that is not known.
func ownerWords(run Run, f Finding) string {
	switch a := f.Verification.Account; {
	case a != nil:
		return owner(a)
	case f.Verification.Status == StatusRevoked:
		return "not known: Replicate names no owner of a revoked token"
	case f.Verification.Status == StatusUnchecked && howToAsk(run, []Finding{f}) != "":
		return "not known: Replicate was not asked"
	case f.Verification.Status == StatusUnchecked:
		return "not known: Replicate cannot be asked about it"
	}
	return "not known: there was no clear answer"
}

// htmlFilter is a list of choices. Without any script, the stylesheet hides what is
// not chosen; it knows the ids.
type htmlFilter struct {
	Title, Type, Name string
	Choices           []htmlChoice
}

type htmlChoice struct {
	ID, Words string
	On        bool
}

// filtersOf returns the filters that have something to choose from.
func filtersOf(findings []Finding) []htmlFilter {
	status, exposure, byOwner := map[string]int{}, map[string]int{}, map[string]int{}
	for _, f := range findings {
		status[string(f.Verification.Status)]++
		exposure[string(f.Exposure)]++
		byOwner[ownerKey(f)]++
	}
	said := htmlFilter{Title: "Replicate says", Type: "checkbox"}
	for _, s := range statuses {
		said.add("f-"+string(s), statusWords(s), status[string(s)], true)
	}
	where := htmlFilter{Title: "The worst place is", Type: "checkbox"}
	for _, e := range []struct {
		exposure result.Exposure
		words    string
	}{{result.ExposureHistory, "in git's history"}, {result.ExposurePosted, "posted on its server"}, {result.ExposureImage, "in an image"}, {result.ExposureTracked, "a tracked file"}, {result.ExposureStaged, "staged"}, {result.ExposureUntracked, "not in git"}, {result.ExposureIgnored, "ignored by git"}} {
		where.add("f-"+string(e.exposure), e.words, exposure[string(e.exposure)], true)
	}
	whose := htmlFilter{Title: "Owner", Type: "radio", Name: "owner"}
	whose.add("f-all", "all", len(findings), true)
	owners := ownersOf(findings)
	for _, key := range slices.SortedFunc(maps.Keys(owners), func(a, b string) int { return cmp.Compare(owners[a], owners[b]) }) {
		whose.add(fmt.Sprintf("f-o%d", owners[key]), cmp.Or(clip(key, rowBytes), "not known"), byOwner[key], false)
	}
	var filters []htmlFilter
	for _, f := range []htmlFilter{said, where, whose} {
		if len(f.Choices) > 1 && (f.Type == "checkbox" || len(f.Choices) > 2) {
			filters = append(filters, f)
		}
	}
	return filters
}

func (f *htmlFilter) add(id, words string, n int, on bool) {
	if n > 0 {
		f.Choices = append(f.Choices, htmlChoice{id, fmt.Sprintf("%s (%s)", words, terminal.Count(int64(n))), on})
	}
}

// shownOwners is how many owners the stylesheet can tell apart.
const shownOwners = 9

// ownersOf numbers the owners of the most tokens, from 1 on. Of those that are not
// known the key is "".
func ownersOf(findings []Finding) map[string]int {
	count := map[string]int{}
	for _, f := range findings {
		count[ownerKey(f)]++
	}
	keys := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), strings.Compare(a, b))
	})
	numbers := map[string]int{}
	for i, key := range keys[:min(len(keys), shownOwners)] {
		numbers[key] = i + 1
	}
	return numbers
}

func ownerKey(f Finding) string {
	if a := f.Verification.Account; a != nil {
		return owner(a)
	}
	return ""
}
