package repo

import (
	osuser "os/user"
	"path/filepath"
	"runtime"
	"strings"
)

// user looks up the configuration files of the user who runs the scan.
type user struct{ getenv Lookup }

func (u user) home() string {
	if home := u.getenv.get("HOME"); home != "" {
		return home
	}
	return u.getenv.get("USERPROFILE")
}

// xdg returns the path of a file in git's folder of the user's configuration,
// "" if there is none.
func (u user) xdg(name string) string {
	if dir := u.getenv.get("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "git", name)
	}
	if home := u.home(); home != "" {
		return filepath.Join(home, ".config", "git", name)
	}
	return ""
}

// configs returns the paths of the machine's and the user's configurations in
// git's order. Relative paths start where git runs.
func (u user) configs() []string {
	var paths []string
	if path := u.system(); path != "" {
		paths = append(paths, path)
	}
	global := []string{u.xdg("config"), filepath.Join(u.home(), ".gitconfig")}
	if path, isSet := u.getenv("GIT_CONFIG_GLOBAL"); isSet {
		return append(paths, path)
	}
	for _, path := range global {
		if filepath.IsAbs(path) { // relative if there is no home folder
			paths = append(paths, path)
		}
	}
	return paths
}

// system returns the path of the machine's configuration in most builds of git,
// "" if it is not to be read.
func (u user) system() string {
	path, isSet := u.getenv("GIT_CONFIG_SYSTEM")
	switch no := (&variable{value: []byte(u.getenv.get("GIT_CONFIG_NOSYSTEM"))}); {
	case no.yes():
		return ""
	case isSet:
		return path
	case runtime.GOOS != "windows":
		return "/etc/gitconfig"
	case u.getenv.get("ProgramFiles") == "":
		return ""
	}
	return filepath.Join(u.getenv.get("ProgramFiles"), "Git", "etc", "gitconfig")
}

// expand replaces ~ or ~user at the start of a path with the home folder. real
// makes it follow links in that folder. It returns "" if there is no such
// folder.
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
		home = strings.TrimSuffix(home, string(filepath.Separator)) + string(filepath.Separator) + filepath.FromSlash(rest) // a slash at the end must stay
	}
	return home
}
