package advice

import (
	"fmt"
	"path"
	"strings"
	"time"

	"r8scan/result"
)

// Notes returns what else to know about a token that may still work: that several
// environments share it, and that it is old. started is when the scan began.
func Notes(c Case, started time.Time) []string {
	if c.Verdict == Revoked {
		return nil
	}
	var notes []string
	if e := environments(c.Locations); len(e) > 1 {
		notes = append(notes, "It stands in files of several environments ("+listed(e)+"): use "+separate(c)+" for each.")
	}
	if c.History != nil && c.History.Introduced != nil && !started.IsZero() {
		if date := c.History.Introduced.Date; !date.IsZero() {
			if days := int(started.Sub(date).Hours() / 24); days > oldDays {
				notes = append(notes, fmt.Sprintf("It was first committed on %s, %d days before this scan: renew tokens more often.", date.Format("2006-01-02"), days))
			}
		}
	}
	return notes
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
