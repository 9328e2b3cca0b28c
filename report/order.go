package report

import (
	"cmp"
	"maps"
	"slices"

	"r8scan/result"
	"r8scan/rules"
)

// urgent orders findings by what has to be done first: live ones, then those of
// which it is not known, then revoked ones; in each, committed ones before those
// in local files, and what may be no token after what is one.
func urgent(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(urgency(a), urgency(b)),
		a.Exposure.Compare(b.Exposure),
		cmp.Compare(a.Verification.Status, b.Verification.Status), // unchecked before unknown
		stable(a, b))
}

// stable orders findings as a scan does, which does not depend on what Replicate
// says: by exposure, confidence, place and token.
func stable(a, b Finding) int {
	return cmp.Or(
		a.Exposure.Compare(b.Exposure),
		cmp.Compare(b.Confidence, a.Confidence),
		slices.CompareFunc(a.Locations[:min(1, len(a.Locations))], b.Locations[:min(1, len(b.Locations))], result.Location.Compare),
		cmp.Compare(a.TokenID, b.TokenID),
		cmp.Compare(a.Rule, b.Rule))
}

// urgency is smaller for what has to be done first.
func urgency(f Finding) int {
	rank := 2 // it is not known whether it is live
	switch f.Verification.Status {
	case StatusLive:
		rank = 0
	case StatusRevoked:
		rank = 4
	}
	if doubtful(f) {
		rank++
	}
	return rank
}

// doubtful reports whether what was found may be no credential.
func doubtful(f Finding) bool {
	return f.Confidence == rules.Low && f.Verification.Status != StatusLive
}

// keepLive leaves only live tokens in d.Findings, and counts the others in
// d.NotListed by their status.
func (d *Document) keepLive() {
	live, others := []Finding{}, map[Status]int{}
	maps.Copy(others, d.NotListed)
	for _, f := range d.Findings {
		if f.Verification.Status == StatusLive {
			live = append(live, f)
			continue
		}
		others[f.Verification.Status]++
	}
	d.Findings, d.NotListed = live, others
}

// Found is how many tokens were found, with those that are not listed.
func (d *Document) Found() int {
	n := len(d.Findings)
	for _, more := range d.NotListed {
		n += more
	}
	return n
}
