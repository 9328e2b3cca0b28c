package report

import (
	"github.com/r8scan/r8scan/rules"
	"github.com/r8scan/r8scan/scanner"
)

// tokensPage is where the owner of a token disables it and makes a new one.
const tokensPage = "https://replicate.com/account/api-tokens"

const (
	moveToEnvironment = "Keep the new token in an environment variable or a secret manager, not in a file that git tracks."
	disableIfShared   = "If this was ever shared (sent, synced, copied into an image), disable the token at " + tokensPage + " and create a new one."
)

// advice returns what the owner of a token should do next, in order. It is
// text of our own: nothing of the scanned repository is in it.
func advice(f Finding) []string {
	var steps []string
	if f.Confidence == rules.Low && f.Verification.Status != StatusLive {
		steps = append(steps, "Look at it first: it may be a placeholder or a part of something else.")
	}
	if f.Verification.Status == StatusRevoked {
		return append(steps, "Nobody can use this token any more: remove it when convenient.")
	}
	switch f.Exposure {
	case scanner.ExposureHistory:
		return append(steps,
			"Disable the token at "+tokensPage+" first: deleting it from files or from history does not un-leak it. Programs that use it stop working at once.",
			"Create a new token there. "+moveToEnvironment,
			"Then clean up: take the old token out of the files and, where it is worth the rewrite, out of the history.")
	case scanner.ExposureStaged:
		return append(steps,
			"Unstage it before it is committed: git restore --staged <file>",
			"Read the token from an environment variable instead of the file.")
	case scanner.ExposureIgnored:
		return append(steps, "Nothing must be done: git ignores the file. Keep it out of images, archives and whatever else you share.")
	}
	return append(steps,
		disableIfShared,
		"Move the token out of the file into an environment variable before the next commit.")
}
