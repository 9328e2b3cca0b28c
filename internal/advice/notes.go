package advice

import (
	"fmt"
	"path"
	"strings"
	"time"

	"r8scan/result"
)

// Shared says that several environments share a token, "" if they do not or if it
// does not work any more.
func Shared(c Case) string {
	if e := environments(c.Locations); len(e) > 1 && c.Verdict != Revoked {
		return "It stands in files of several environments (" + listed(e) + "): use " + separate(c) + " for each."
	}
	return ""
}

// Old says that tokens should be renewed from time to time, "" if none of those
// that may work is old. started is when the scan began.
func Old(started time.Time, cases ...Case) string {
	old, oldest := 0, time.Time{}
	for _, c := range cases {
		if c.Verdict == Revoked || c.History == nil || c.History.Introduced == nil {
			continue
		}
		date := c.History.Introduced.Date
		if date.IsZero() || started.Sub(date) <= oldDays*24*time.Hour {
			continue
		}
		if old++; oldest.IsZero() || date.Before(oldest) {
			oldest = date
		}
	}
	if old == 0 || started.IsZero() {
		return ""
	}
	return fmt.Sprintf("First committed over %d days ago: %d of them, the oldest on %s. Renew tokens from time to time.", oldDays, old, oldest.Format(time.DateOnly))
}

// oldDays is the age in days from which a token should have been renewed.
const oldDays = 90

func separate(c Case) string { return "a " + c.Remedy.Noun() + " of its own" }

// environmentNames are the words for the environments of a program.
var environmentNames = map[string]string{
	"dev": "development", "devel": "development", "development": "development", "local": "development",
	"test": "test", "testing": "test", "qa": "test", "ci": "test",
	"stage": "staging", "stg": "staging", "staging": "staging", "uat": "staging", "preprod": "staging", "preview": "staging",
	"prod": "production", "prd": "production", "production": "production", "live": "production",
}

// environments returns the environments that files of places are for.
func environments(places []result.Location) []string {
	var names []string
	for _, l := range places {
		names = appendNew(names, environment(l))
	}
	return names
}

// settings are the rows of files that there may be one of for each environment.
var settings = map[string]bool{"env": true, "data": true, "compose": true, "kubernetes": true, "terraform": true, "terraform-values": true}

// environment returns the environment that a file is for, "" if its name says
// none: .env.production, config/dev.json, values-prod.yaml, envs/staging/main.tf.
// Programs, and folders such as test/, say nothing unless they are configuration.
func environment(l result.Location) string {
	lower := strings.ToLower(l.Path)
	dirs := strings.Split(path.Dir(lower), "/")
	configured := settings[Of(Place{Path: l.Path, Member: l.Member, Kind: l.Kind}).ID]
	for i, dir := range dirs {
		switch dir {
		case "config", "configs", "conf", "env", "envs", "environment", "environments", "settings", "overlays", "deploy", "deployments", "stages":
			configured = true
			if i+1 < len(dirs) && environmentNames[dirs[i+1]] != "" {
				return environmentNames[dirs[i+1]]
			}
		}
	}
	if !configured {
		return ""
	}
	words := strings.FieldsFunc(path.Base(lower), func(r rune) bool { return r == '.' || r == '-' || r == '_' })
	for i := len(words) - 1; i >= 0; i-- { // .env.production.local is production's
		if name := environmentNames[words[i]]; name != "" && words[i] != "local" {
			return name
		}
	}
	for _, w := range words {
		if w == "local" {
			return environmentNames[w]
		}
	}
	return ""
}
