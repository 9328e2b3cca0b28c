package report

import (
	"strings"

	"r8scan/result"
	"r8scan/rules"
)

// exposureWords says in words people use where a token stands.
func exposureWords(f Finding) string {
	switch f.Exposure {
	case result.ExposureHistory:
		switch h := f.History; {
		case h != nil && h.AtHead:
			return "committed, and still there"
		case h != nil && h.Removed != nil:
			return "committed, removed later"
		}
		return "committed"
	case result.ExposureTracked:
		return "changed, not committed"
	case result.ExposureStaged:
		return "staged, not committed"
	case result.ExposureUntracked:
		return "not in git"
	case result.ExposureIgnored:
		return "ignored by git"
	}
	return string(f.Exposure)
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// remedyOf returns the remedy for a finding; of a rule that this version does
// not know it is that for an API token.
func remedyOf(f Finding) rules.Remedy {
	if r := f.ruleValue(); r != nil {
		return r.Remedy
	}
	return rules.APIToken.Remedy
}

// advice returns what the owner of a token should do next, in order. It is
// text of our own: nothing of the scanned repository is in it.
func advice(f Finding) []string {
	var steps []string
	r := remedyOf(f)
	if f.Confidence == rules.Low && f.Verification.Status != StatusLive {
		steps = append(steps, "Look at it first: it may be a placeholder, or part of something else.")
	}
	if f.Verification.Status == StatusRevoked {
		return append(steps, "Nobody can use this token any more: remove it when convenient.")
	}
	switch f.Exposure {
	case result.ExposureHistory:
		return append(steps,
			upperFirst(r.Disable)+" first: deleting it is not enough, since others may have copies. "+r.Effect,
			r.Renew,
			"Then remove the old "+r.Noun()+" from the files and, if a rewrite is worth it, from the history.")
	case result.ExposureStaged:
		return append(steps,
			"Unstage it before it is committed: git restore --staged <file>",
			"Read "+r.It+" from an environment variable instead of the file.")
	case result.ExposureIgnored:
		return append(steps, "No action needed: git ignores the file. Keep it out of images, archives and whatever else you share.")
	}
	return append(steps,
		"If this was ever shared (sent, synced, copied into an image), "+r.Disable+r.Another,
		"Move "+r.It+" out of the file into an environment variable before the next commit.")
}
