package report

import (
	"cmp"
	"maps"
	"slices"

	"r8scan/result"
	"r8scan/rules"
)

// worstFirst are the exposures.
var worstFirst = []result.Exposure{result.ExposureHistory, result.ExposureTracked, result.ExposureStaged, result.ExposureUntracked, result.ExposureIgnored}

// urgent orders findings by what has to be done first: live ones, then those of
// which it is not known, then revoked ones; in each, committed ones before those
// in local files, and what may be no token after what is one.
func urgent(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(urgency(a), urgency(b)),
		compareBool(doubtful(a), doubtful(b)),
		cmp.Compare(slices.Index(worstFirst, a.Exposure), slices.Index(worstFirst, b.Exposure)),
		cmp.Compare(a.Verification.Status, b.Verification.Status), // unchecked before unknown
		stable(a, b))
}

// compareBool puts false first.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// stable orders findings as a scan does, which does not depend on what Replicate
// says: by exposure, confidence, place and token.
func stable(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(slices.Index(worstFirst, a.Exposure), slices.Index(worstFirst, b.Exposure)),
		cmp.Compare(b.Confidence, a.Confidence),
		slices.CompareFunc(a.Locations[:min(1, len(a.Locations))], b.Locations[:min(1, len(b.Locations))], result.Location.Compare),
		cmp.Compare(a.TokenID, b.TokenID),
		cmp.Compare(a.Rule, b.Rule))
}

// urgency is 0 for a live token, 1 if it is not known whether it is live, and 2
// for a revoked one.
func urgency(f Finding) int {
	switch f.Verification.Status {
	case StatusLive:
		return 0
	case StatusRevoked:
		return 2
	}
	return 1
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
