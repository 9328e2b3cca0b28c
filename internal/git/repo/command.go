package repo

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
)

// commandVariables returns the variables that a git command line sets and that
// git passes to hooks: GIT_CONFIG_COUNT with its keys and values, then
// GIT_CONFIG_PARAMETERS, which git -c writes. Values that git rejects are an
// error, which shows none of them.
func commandVariables(getenv Lookup) ([]variable, error) {
	list, err := numberedVariables(getenv)
	if err != nil {
		return nil, err
	}
	for rest := getenv.get(parametersName); rest != ""; {
		var v *variable
		if v, rest, err = nextParameter(rest); err != nil {
			return nil, fmt.Errorf("%s is damaged, and git does not work with it: %w: unset it", parametersName, err)
		}
		list = append(list, *v)
	}
	return list, nil
}

const (
	countName      = "GIT_CONFIG_COUNT"
	parametersName = "GIT_CONFIG_PARAMETERS"
)

// numberedVariables returns the variables of GIT_CONFIG_COUNT.
func numberedVariables(getenv Lookup) (list []variable, err error) {
	text := strings.TrimLeft(getenv.get(countName), " \t\n\v\f\r")
	if text == "" {
		return nil, nil
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "+"), 10, 64)
	if err != nil || n > math.MaxInt32 {
		return nil, fmt.Errorf("%s is not the number of settings, and git does not work with it: unset it", countName)
	}
	for i := range n {
		key, hasKey := getenv(fmt.Sprint("GIT_CONFIG_KEY_", i))
		value, hasValue := getenv(fmt.Sprint("GIT_CONFIG_VALUE_", i))
		if !hasKey || !hasValue {
			return nil, fmt.Errorf("%s is %d, and there is no key or value %d: set both, or unset it", countName, n, i)
		}
		v, ok := newVariable(key)
		if !ok {
			return nil, fmt.Errorf("GIT_CONFIG_KEY_%d is not a key, and git does not work with it: correct it, or unset %s", i, countName)
		}
		v.value = []byte(value)
		list = append(list, *v)
	}
	return list, nil
}

var errParameter = errors.New("it is not a list of quoted settings")

// nextParameter returns the first setting of GIT_CONFIG_PARAMETERS and the rest
// of the list. A setting is 'key=value', or since git 2.31 'key'='value'.
func nextParameter(list string) (v *variable, rest string, err error) {
	key, rest, ok := unquoteShell(list)
	value, hasValue := "", false
	switch {
	case !ok:
		return nil, "", errParameter
	case rest == "" || isCSpace(rest[0]):
		key, value, hasValue = strings.Cut(key, "=")
		key = strings.Trim(key, cSpaces)
	case rest[0] != '=':
		return nil, "", errParameter
	default:
		if rest = rest[1:]; strings.HasPrefix(rest, "'") {
			hasValue = true
			value, rest, ok = unquoteShell(rest)
		}
		if !ok || rest != "" && !isCSpace(rest[0]) {
			return nil, "", errParameter
		}
	}
	if v, ok = newVariable(key); !ok {
		return nil, "", errors.New("it sets what is not a key")
	}
	v.value, v.noValue = []byte(value), !hasValue
	return v, strings.TrimLeft(rest, cSpaces), nil
}

const cSpaces = " \t\n\v\f\r"

func isCSpace(c byte) bool { return strings.IndexByte(cSpaces, c) >= 0 }

// unquoteShell returns the text at the start of s, which git quoted for a
// shell, and the rest of s.
func unquoteShell(s string) (text, rest string, ok bool) {
	if !strings.HasPrefix(s, "'") {
		return "", "", false
	}
	var b strings.Builder
	for s = s[1:]; ; {
		part, after, found := strings.Cut(s, "'")
		if !found {
			return "", "", false
		}
		b.WriteString(part)
		if len(after) < 3 || after[0] != '\\' || after[1] != '\'' && after[1] != '!' || after[2] != '\'' {
			return b.String(), after, true
		}
		b.WriteByte(after[1])
		s = after[3:]
	}
}

// newVariable returns the variable for a key such as section.subsection.name;
// false if the key is invalid.
func newVariable(key string) (*variable, bool) {
	section, rest, ok := strings.Cut(key, ".")
	last := strings.LastIndexByte(rest, '.')
	v := &variable{section: strings.ToLower(section), key: strings.ToLower(rest[last+1:])}
	if last >= 0 {
		v.sub, v.hasSub = rest[:last], true
	}
	isKey := func(text string) bool {
		for i := range len(text) {
			if !isKeyByte(text[i]) {
				return false
			}
		}
		return text != ""
	}
	return v, ok && isKey(section) && isKey(v.key) && isLetter(v.key[0]) && !strings.Contains(v.sub, "\n")
}

// CheckEnvironment returns an error if git would reject the configuration in
// its environment variables.
func CheckEnvironment(getenv Lookup) error {
	list, err := commandVariables(getenv)
	for _, v := range list {
		path := user{getenv}.expand(string(v.value), false)
		if v.is("include", "path") && (v.noValue || path != "" && !filepath.IsAbs(path)) {
			return fmt.Errorf("%s or %s has an include.path that is not absolute, and git does not work with it: name it from the root", countName, parametersName)
		}
	}
	return err
}
