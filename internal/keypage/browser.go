package keypage

import (
	"cmp"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"r8scan/internal/ask"
)

// Browser shows url in the user's browser, without waiting for it. It reports
// whether there seems to be one. The browser does not get the token that the
// environment may hold.
func Browser(url string) bool {
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	case "darwin":
		name = "open"
	default:
		if cmp.Or(os.Getenv("DISPLAY"), os.Getenv("WAYLAND_DISPLAY")) == "" {
			return false
		}
	}
	if os.Getenv("SSH_CONNECTION") != "" { // the browser would be on another screen
		return false
	}
	cmd := exec.Command(name, args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, ask.TokenVariable+"=") })
	if cmd.Start() != nil {
		return false
	}
	go func() { _ = cmd.Wait() }() // how it ends is its own affair
	return true
}
