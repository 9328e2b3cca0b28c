package doctor

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/advice"
	"r8scan/internal/ask"
	"r8scan/internal/door"
	"r8scan/internal/plain"
	"r8scan/internal/regular"
	"r8scan/internal/shell"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
)

// levelsUp is how many folders above the current one may have a .env file that
// counts: programs are often started in a subfolder of their project.
const levelsUp = 3

// checkDotenvs checks the .env files from the current folder up to the top of the
// repository.
func checkDotenvs(e *environment) []Check {
	var out []Check
	dir := e.dir
	for range levelsUp + 1 {
		paths, _ := filepath.Glob(filepath.Join(regular.GlobQuoted(dir), ".env*")) // the pattern is sound
		for _, path := range append(paths, filepath.Join(dir, ".dev.vars")) {
			out = append(out, checkDotenv(e, path, "")...)
		}
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil || dir == filepath.Dir(dir) || dir == e.home {
			break
		}
		dir = filepath.Dir(dir)
	}
	if out == nil {
		return []Check{{levelOK, ".env files", "none of them names Replicate", "", ""}}
	}
	return out
}

// checkDotenv checks one file, which need not exist. loader is the program that loads
// it, "" if none is known.
func checkDotenv(e *environment, path, loader string) []Check {
	about := door.Printable(e.shown(path))
	file, err := readConfig(path, maxConfig)
	if err != nil {
		if isFolder(path) { // a virtual environment of Python
			return nil
		}
		return unread(about, err)
	}
	var out []Check
	vars := parseDotenv(file.text)
	if isTemplate(path) {
		vars = nil
	}
	shared := slices.ContainsFunc(vars, func(v variable) bool { return v.name == ask.TokenVariable })
	for _, v := range vars {
		d := rules.Diagnose(v.value)
		if ch, ok := nameCheck(v.name, d); ok {
			out = append(out, inFile(ch, about, v.name, shared)...)
		}
		if v.name == ask.TokenVariable {
			out = append(out, spacedCheck(v, about, d)...)
			out = append(out, checkAssignment(e, about, v, d, loader)...)
		}
	}
	if len(out) > 0 { // first, because what is below reads the file
		before := file.formCheck(about)
		if bytes.Contains(file.text, []byte("\r\n")) {
			before = append(before, Check{levelWarning, about, "has the line ends of Windows (CRLF)", "A shell and docker take the carriage return for a part of the token.", rewrite(about, `tr -d '\r'`)})
		}
		out = append(before, out...)
	}
	if holdsToken(file.text) {
		out = append(out, exposureCheck(about, scanner.Exposure(path)))
	}
	return out
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// isTemplate reports whether path is an example file, which no program loads.
func isTemplate(path string) bool {
	return slices.Contains([]string{".example", ".sample", ".template", ".dist", ".defaults"}, filepath.Ext(path))
}

// inFile turns a check of a name in the environment into one of a name in a file.
// taken means that the file has the right name too, so that nothing is missing.
func inFile(ch Check, about, name string, taken bool) []Check {
	ch.About = about
	safe := door.Printable(name)
	switch {
	case ch.Level == levelError: // a public name
		ch.Fix = rewrite(about, "sed '/^[export ]*"+safe+" *=/d'") + "; then disable the token at " + rules.TokensPage + ", and call Replicate from the server with " + ask.TokenVariable
	case taken:
		return nil
	default:
		ch.Fix = rewrite(about, "sed 's/^\\([export ]*\\)"+safe+" *=/\\1"+ask.TokenVariable+"=/'")
	}
	return []Check{ch}
}

// spacedCheck warns of white space around the sign in an assignment.
func spacedCheck(v variable, about string, d rules.Diagnosis) []Check {
	if !v.spaced {
		return nil
	}
	return []Check{{levelWarning, about, "has a space beside the = of " + ask.TokenVariable, "A shell and docker refuse the line, or make the space a part of the token.",
		rewrite(about, `sed 's/^\([export ]*`+ask.TokenVariable+`\)[[:space:]]*=[[:space:]]*/\1=/'`)}}
}

// cleanable reports whether the token is in the value, with something around it.
func cleanable(value string, d rules.Diagnosis) bool {
	token := d.Secret.Reveal()
	return d.Askable && !d.Placeholder && strings.HasPrefix(token, "r8_") && strings.Contains(value, token)
}

// onlyToken is a filter that leaves the token of an assignment, or with keep the
// assignment without what is around the token.
func onlyToken(keep bool) string {
	from := `^\([export ]*\)` + ask.TokenVariable + `[[:space:]]*=.*\(r8_[[:alnum:]]*\).*`
	if keep {
		return "sed 's/" + from + `/\1` + ask.TokenVariable + `=\2/'`
	}
	return "sed -n 's/" + from + `/\2/p'`
}

// loadToken is the command that takes the token of a file into the environment. It runs
// nothing of the file.
func loadToken(about string) string {
	return fmt.Sprintf(`export %s="$(%s <%s | tail -n 1)"`, ask.TokenVariable, onlyToken(false), shell.QuoteHome(about))
}

// writeToken says which line a file should have.
func writeToken(about string, exported bool) string {
	export := ""
	if exported {
		export = "export "
	}
	return fmt.Sprintf("write this line in %s: %s%s=<a token from %s>", about, export, ask.TokenVariable, rules.TokensPage)
}

// checkAssignment checks a file's REPLICATE_API_TOKEN, and compares it with the
// environment's.
func checkAssignment(e *environment, about string, v variable, d rules.Diagnosis, loader string) []Check {
	isEnvrc := filepath.Base(about) == ".envrc"
	switch {
	case isEnvrc && !v.exported && v.value != "":
		return notExported(about)
	case isReference(v.value):
		return []Check{{levelOK, about, "takes " + ask.TokenVariable + " from somewhere else", "", ""}}
	case v.value == "":
		return []Check{{levelError, about, "sets " + ask.TokenVariable + " to nothing", "A client that gets an empty value has no token, and loaders do not replace it.", writeToken(about, v.exported)}}
	}
	var out []Check
	for _, p := range d.Problems {
		fix := writeToken(about, v.exported)
		if cleanable(v.value, d) {
			fix = rewrite(about, onlyToken(true))
		}
		out = append(out, Check{levelError, about, ask.TokenVariable + ": " + p, "A client that loads this file sends the value as it is.", fix})
	}
	set := "sets " + ask.TokenVariable
	load := loadToken(about)
	means := "Clients do not read .env files: your program has to load it (python-dotenv, node --env-file)."
	if isEnvrc {
		load, means = "direnv allow "+shell.QuoteHome(about), "direnv sets it in each shell that has its hook, after you allow the file."
	}
	switch {
	case !cleanable(v.value, d): // a new token comes first
	case loader != "":
		out = append(out, Check{levelOK, about, set + " for " + loader, "", ""})
	case !e.set:
		out = append(out, Check{levelWarning, about, set + ", but the environment does not", means, load})
	case d.Secret.Reveal() != e.token.Secret.Reveal():
		out = append(out, Check{levelWarning, about, set + " to another token than the environment",
			"The environment wins, even if it is empty: most loaders do not override a variable that is set. If the environment is right, correct the file.", load})
	case len(d.Problems) == 0:
		out = append(out, Check{levelOK, about, set + " as the environment does", "", ""})
	}
	return out
}

// notExported is about an assignment in a shell's file.
func notExported(about string) []Check {
	return []Check{{levelError, about, "sets " + ask.TokenVariable + " without export", "Only the shell itself sees it, not the clients that it starts.",
		rewrite(about, "sed 's/^[[:space:]]*"+ask.TokenVariable+"=/export "+ask.TokenVariable+"=/'")}}
}

// isReference reports whether a value names where a program finds the token.
func isReference(value string) bool {
	return strings.ContainsAny(value, "$`") || strings.HasPrefix(value, "%") && strings.HasSuffix(value, "%") && len(value) > 2 || strings.HasPrefix(value, "op://")
}

// exposureCheck says what git does with a file that holds a token.
func exposureCheck(about string, exposure result.Exposure) Check {
	takeOut := "" // in a file that must be in git, a look-up replaces the token
	if advice.Of(advice.Place{Path: filepath.ToSlash(about), Kind: result.KindFile}).Code != "" {
		takeOut = "r8scan fix --write " + shell.QuoteHome(about)
	}
	ignore := fmt.Sprintf(`printf '\n/%%s\n' %s >>%s`, shell.Quote(filepath.Base(about)), shell.QuoteHome(filepath.Join(filepath.Dir(about), ".gitignore")))
	staged := takeOut
	if staged != "" { // fix says with its exit code that the index has the old text
		staged += "; git add " + shell.QuoteHome(about)
	}
	switch exposure {
	case result.ExposureTracked:
		return Check{levelError, about, "holds a token, and git tracks it", "Everybody who can read the repository has the token, even after you delete it.",
			fmt.Sprintf("%s; then disable the token at %s", cmp.Or(staged, "git rm --cached "+shell.QuoteHome(about)+" && "+ignore), rules.TokensPage)}
	case result.ExposureUntracked:
		if takeOut != "" {
			takeOut += " --force"
		}
		return Check{levelWarning, about, "holds a token, and git does not ignore it", "The next `git add .` puts the token into the repository.", cmp.Or(takeOut, ignore)}
	case result.ExposureIgnored:
		return Check{levelOK, about, "holds a token, and git ignores it", "", ""}
	}
	return Check{levelOK, about, "holds a token, outside any repository", "", ""}
}

// variable is a variable that a file sets.
type variable struct {
	name, value string
	spaced      bool // there is white space beside the =
	exported    bool // behind export
	inherited   bool // it has no value of its own, but passes on that of the environment
}

// parseDotenv returns the assignments of a .env file. Like loaders, it removes
// white space around a value and one pair of quotes.
func parseDotenv(data []byte) []variable {
	var out []variable
	for text := range plain.Lines(data) {
		line := strings.TrimSpace(string(text))
		rest, exported := strings.CutPrefix(line, "export ")
		name, value, ok := strings.Cut(rest, "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		v := variable{name: strings.TrimSpace(name), value: strings.TrimSpace(value), exported: exported}
		v.spaced = strings.TrimLeft(name, " \t") != v.name || value != v.value
		if n := len(v.value); n >= 2 && v.value[0] == v.value[n-1] && (v.value[0] == '"' || v.value[0] == '\'') {
			v.value = v.value[1 : n-1]
		} else if i := strings.Index(v.value, " #"); i >= 0 {
			v.value = strings.TrimSpace(v.value[:i])
		}
		out = append(out, v)
	}
	return out
}
