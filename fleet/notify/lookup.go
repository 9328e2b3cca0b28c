package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of an address, in bytes.
const (
	maxAddress = 254
	maxLocal   = 64
	maxNamed   = 1000 // with a name
)

const (
	domainLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-."
	// localLetters leave out what once led mail on to another server (% and !), what has
	// to be quoted, and what is rare enough to be a trick.
	localLetters = domainLetters + "_+='&~#"
)

// Address returns the one address in a text from outside, without its name. The errors
// repeat nothing of it.
func Address(text string) (string, error) {
	if len(text) > maxNamed || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return "", errors.New("the address is too long, or has control characters")
	}
	a, err := mail.ParseAddress(text)
	if err != nil {
		return "", errors.New("it is not one address")
	}
	at := strings.LastIndexByte(a.Address, '@')
	local, domain := a.Address[:max(at, 0)], a.Address[at+1:]
	switch {
	case len(a.Address) > maxAddress || len(local) > maxLocal || local == "":
		return "", errors.New("the address is too long, or has no name before the @")
	case strings.Trim(local, localLetters) != "" || strings.HasPrefix(local, "-") || strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, ".."):
		return "", errors.New("the address has unusual characters before the @")
	case !isDomain(domain):
		return "", errors.New("the address has no domain that mail is sent to")
	}
	return a.Address, nil
}

// isDomain reports whether a text is a name with a dot in it, and no number.
func isDomain(s string) bool {
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.Trim(l, domainLetters) != "" || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
	}
	top := labels[len(labels)-1]
	return len(labels) > 1 && strings.Trim(top, "0123456789") != ""
}

// isNobody reports whether nobody reads what is sent to an address.
func isNobody(address string) bool {
	local, domain, _ := strings.Cut(strings.ToLower(address), "@")
	return strings.HasPrefix(local, "noreply") || strings.HasPrefix(local, "no-reply") || strings.Contains(domain, "noreply")
}

// errTrouble is an endpoint that does not say whether it knows the owner.
var errTrouble = errors.New("the look-up endpoint")

// lookedUp returns the address in an answer of the look-up endpoint, "" if it knows none.
func lookedUp(a answer) (string, error) {
	var said struct {
		Email json.RawMessage `json:"email"`
	}
	var email string
	switch {
	case a.status == http.StatusNotFound:
		return "", nil
	case a.status/100 != 2:
		return "", fmt.Errorf("%w answered %d", errTrouble, a.status)
	case json.Unmarshal(a.body, &said) != nil || json.Unmarshal(said.Email, &email) != nil:
		return "", fmt.Errorf(`%w answered %d without {"email": "…"}`, errTrouble, a.status)
	case email == "": // or null
		return "", nil
	}
	address, err := Address(email)
	if err != nil {
		return "", fmt.Errorf("the look-up endpoint's answer cannot be used: %w", err)
	}
	return address, nil
}
