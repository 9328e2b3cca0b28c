package doctor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/cog"
	"r8scan/internal/door"
	"r8scan/internal/pattern"
	"r8scan/internal/regular"
)

const cogFile = "cog.yaml"

// checkCog looks for inputs of a Cog project that take a secret and are typed str. It
// reads nothing outside the folder.
func checkCog(e *environment) []Check {
	file, err := readInside(e.dir, cogFile)
	if err != nil {
		return unread(cogFile, err)
	}
	entries, err := cog.Entries(file.text)
	if err != nil {
		return []Check{{levelWarning, cogFile, "was not read: " + err.Error(), "cog cannot use it, and the inputs of the model were not checked.", "correct it, or restore it from a copy"}}
	}
	if len(entries) == 0 {
		return []Check{{levelOK, cogFile, "names no run, predict or train, so the model has no inputs", "", ""}}
	}
	var out []Check
	for _, entry := range entries {
		out = append(out, checkEntry(e, entry)...)
	}
	return out
}

var errOutside = errors.New("it is outside of this folder")

// readInside reads a file of the folder dir, of which no link may lead out.
func readInside(dir, name string) (configFile, error) {
	name = filepath.FromSlash(name)
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); !filepath.IsLocal(name) || err == nil && !regular.Within(dir, path) {
		return configFile{}, errOutside
	}
	return readConfig(path, maxConfig)
}

// checkEntry checks the inputs of one object that cog runs.
func checkEntry(e *environment, entry cog.Entry) []Check {
	about := door.Printable(entry.File)
	file, err := readInside(e.dir, entry.File)
	if err != nil {
		if unread(about, err) == nil {
			return []Check{{levelWarning, cogFile, "names " + about + ", which does not exist", "cog cannot build the model, and its inputs were not checked.", "correct " + entry.Key + " in " + cogFile}}
		}
		return []Check{{levelWarning, about, "was not read: " + regular.Cause(err), notChecked, ""}}
	}
	params, err := cog.Params(file.text, entry)
	if err != nil {
		return []Check{{levelWarning, about, "was not read: " + door.Printable(err.Error()), notChecked, "correct " + entry.Key + " in " + cogFile + ", or look at the inputs yourself"}}
	}
	var out []Check
	var secret []string
	for _, p := range params {
		switch {
		case p.Default && (p.Secret || p.Looks()):
			out = append(out, defaultCheck(about, p))
		case p.Secret:
			secret = append(secret, p.Name)
		case p.Looks():
			out = append(out, paramCheck(about, file.text, p))
		}
	}
	if out == nil {
		what := "no input of " + entry.Object + " looks secret"
		if secret != nil {
			what = "the secret inputs of " + entry.Object + " are typed Secret: " + strings.Join(secret, ", ")
		}
		out = append(out, Check{levelOK, about, door.Printable(what), "", ""})
	}
	return out
}

const notChecked = "Whether the model's inputs keep secrets was not checked."

// defaultCheck warns of a secret that may be written in the code. It shows nothing of
// the line.
func defaultCheck(about string, p cog.Param) Check {
	return Check{levelWarning, fmt.Sprintf("%s:%d", about, p.Line), "the input " + p.Name + " takes a secret, and has a default",
		"The default is in the code, in every image of the model, and in its schema, which others can read.",
		"type it Secret, with default=None or none; if the default was a real secret, revoke it where it is from"}
}

// paramCheck says of an input that looks secret what to write instead.
func paramCheck(about string, text []byte, p cog.Param) Check {
	write := "write " + p.Better
	if !p.Whole {
		write += " (and its default as it is)"
	}
	return Check{levelWarning, fmt.Sprintf("%s:%d", about, p.Line), "the input " + p.Name + " looks secret, and is typed str",
		"Whoever sees the prediction or its logs can read what a user gives. Replicate hides it if the type is Secret.",
		write + "; and " + secretImport(text) + "; read it with " + p.Name + ".get_secret_value()"}
}

var (
	cogImport    = pattern.Of(`(?m)^from[ \t]+cog[ \t]+import[ \t]+([\w, \t]+?)[ \t]*(?:#.*)?\r?$`)
	cogImportAny = pattern.Of(`(?m)^from[ \t]+cog[ \t]+import\b`)
)

// secretImport says how to import Secret.
func secretImport(text []byte) string {
	if m := cogImport().FindSubmatch(text); m != nil {
		var names []string
		for _, name := range strings.Split(string(m[1]), ",") {
			names = append(names, strings.TrimSpace(name))
		}
		if slices.Contains(names, "Secret") {
			return "keep from cog import " + strings.Join(names, ", ")
		}
		return "from cog import " + strings.Join(append(names, "Secret"), ", ")
	}
	if cogImportAny().Match(text) {
		return "add Secret to what is imported from cog"
	}
	return "from cog import Secret"
}
