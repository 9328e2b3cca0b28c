package collect

import (
	"cmp"
	"fmt"
	"slices"

	"r8scan/internal/search"
	"r8scan/result"
	"r8scan/rules"
)

// draft is an unfinished finding.
type draft struct {
	result.Finding
	why    string            // why the confidence is low; "" for medium and high
	places map[placeKey]bool // nil as long as there are few
	taken  int64             // bytes of the places
}

// few is up to how many places it takes less to compare them than a map of them.
const few = 4

// has reports whether a place is one of the draft's.
func (d *draft) has(at placeKey) bool {
	if d.places != nil {
		return d.places[at]
	}
	return slices.ContainsFunc(d.Locations, func(l result.Location) bool { return keyOf(l) == at })
}

// put adds a place.
func (d *draft) put(at result.Location) {
	d.Locations = append(d.Locations, at)
	if d.places != nil {
		d.places[keyOf(at)] = true
	} else if len(d.Locations) > few {
		d.places = map[placeKey]bool{}
		for _, l := range d.Locations {
			d.places[keyOf(l)] = true
		}
	}
}

// belowBecause says why the confidence of the finding is below the limit.
func (d *draft) belowBecause() string {
	if d.why == "" {
		return d.Confidence.String() + " confidence"
	}
	return d.why
}

type placeKey struct {
	path, member, header, object, kind, part, url string
	line, column                                  int
}

func keyOf(l result.Location) placeKey {
	return placeKey{l.Path, l.Member, l.Header, l.Object, l.Kind, l.Part, l.URL, l.Line, l.Column}
}

// drafts are findings by token.
type drafts struct {
	m     map[search.Key]*draft
	rules *rules.Set // for masks
	room  int64      // bytes left for places
	token int64      // bytes for the places of one token
	lost  int64      // places without room
}

// locationCost is the memory of a place in a result, and while it is written,
// beside its texts.
const locationCost = 512

// placeCost is the memory that a place takes, in bytes.
func placeCost(l result.Location) int64 {
	return locationCost + 2*int64(len(l.Path)+len(l.Member)+len(l.URL)+len(l.MadeBy))
}

// unlisted says that there was no room for some places.
func unlisted(lost int64) (what, reason string) {
	return "places of tokens", fmt.Sprintf("%d are not listed, because a result cannot hold more: --max-memory sets the limit", lost)
}

// of returns the draft for a match's token.
func (d *drafts) of(m *rules.Match) *draft {
	key := search.KeyOf(m)
	f := d.m[key]
	if f == nil {
		f = &draft{Finding: result.Finding{Rule: m.Rule.ID, Secret: m.Secret, Confidence: m.Confidence}, why: m.Why}
		d.m[key] = f
	}
	return f
}

// add adds a place of a token. The highest confidence of all places counts.
func (d *drafts) add(m *rules.Match, place result.Location, exposure result.Exposure) {
	f := d.of(m)
	if m.Confidence > f.Confidence || m.Confidence == f.Confidence && m.Why < f.why { // the same in any order
		f.Confidence, f.why = m.Confidence, m.Why
	}
	if f.Exposure == "" || exposure.Compare(f.Exposure) < 0 {
		f.Exposure = exposure
	}
	place.Path, place.Member, place.Header = d.rules.Redact(place.Path), d.rules.Redact(place.Member), d.rules.Redact(place.Header)
	place.URL = d.rules.Redact(place.URL)
	place.MadeBy = d.rules.Redact(place.MadeBy)
	place.Encoding, place.Variable = m.Encoding, m.Variable
	if m.Allowed {
		place.AllowedBy = result.AllowedByLine
	}
	if f.has(keyOf(place)) {
		return
	}
	cost := placeCost(place)
	if d.room < cost || f.taken+cost > d.token {
		if len(f.Locations) > 0 {
			d.lost++
			return
		}
	}
	d.room, f.taken = d.room-cost, f.taken+cost
	f.put(place)
}

// compareFindings orders by exposure, worst first, then by place and token.
func compareFindings(a, b result.Finding) int {
	if c := cmp.Or(a.Exposure.Compare(b.Exposure), cmp.Compare(b.Confidence, a.Confidence)); c != 0 {
		return c
	}
	if c := a.Locations[0].Compare(b.Locations[0]); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Secret.ID(), b.Secret.ID()), cmp.Compare(a.Rule, b.Rule)) // an id is computed each time
}

func compareAllowed(a, b result.Allowed) int {
	return cmp.Or(cmp.Compare(a.By, b.By), cmp.Compare(a.TokenID, b.TokenID), cmp.Compare(a.Rule, b.Rule))
}
