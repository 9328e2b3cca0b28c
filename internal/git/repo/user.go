package repo

import (
	osuser "os/user"
	"path/filepath"
	"runtime"
	"strings"
)

// user is who runs the scan, as the environment tells it.
type user struct{ getenv func(string) string }

func (u user) home() string {
	if home := u.getenv("HOME"); home != "" {
		return home
	}
	return u.getenv("USERPROFILE")
}

// xdg returns the path of a file of git's in the user's configuration folder, ""
// if there is none.
func (u user) xdg(name string) string {
	if dir := u.getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "git", name)
	}
	if home := u.home(); home != "" {
		return filepath.Join(home, ".config", "git", name)
	}
	return ""
}

// configs returns the paths of the machine's and the user's configurations, in
// the order in which git reads them.
func (u user) configs() []string {
	var paths []string
	if path := u.system(); path != "" {
		paths = append(paths, path)
	}
	global := []string{u.xdg("config"), filepath.Join(u.home(), ".gitconfig")}
	if path := u.getenv("GIT_CONFIG_GLOBAL"); path != "" {
		global = []string{path}
	}
	for _, path := range global {
		if filepath.IsAbs(path) { // else there is no home
			paths = append(paths, path)
		}
	}
	return paths
}

// system returns the path of the machine's configuration, where most builds of
// git have it; "" if it is not to be read.
func (u user) system() string {
	switch no := (&variable{value: []byte(u.getenv("GIT_CONFIG_NOSYSTEM"))}); {
	case no.yes():
		return ""
	case u.getenv("GIT_CONFIG_SYSTEM") != "":
		return u.getenv("GIT_CONFIG_SYSTEM")
	case runtime.GOOS != "windows":
		return "/etc/gitconfig"
	case u.getenv("ProgramFiles") == "":
		return ""
	}
	return filepath.Join(u.getenv("ProgramFiles"), "Git", "etc", "gitconfig")
}

// expand returns a path of a configuration with the home folder in place of ~,
// links in that followed if real is set. It is "" if there is no such folder.
func (u user) expand(path string, real bool) string {
	rest, ok := strings.CutPrefix(path, "~")
	if !ok {
		return filepath.FromSlash(path)
	}
	name, rest, below := strings.Cut(rest, "/")
	home := u.home()
	if name != "" {
		other, err := osuser.Lookup(name)
		if err != nil {
			return ""
		}
		home = other.HomeDir
	} else if home == "" {
		return ""
	} else if real {
		home = realPath(home)
	}
	if below {
		home = strings.TrimSuffix(home, string(filepath.Separator)) + string(filepath.Separator) + filepath.FromSlash(rest) // a slash at its end stays
	}
	return home
}
