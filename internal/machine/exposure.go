package machine

import (
	"os"
	"path"
	"path/filepath"
	"strings"

	"r8scan/internal/regular"
	"r8scan/internal/shell"
)

// Exposure says who else can get at a file.
type Exposure struct {
	Kind string `json:"kind"` // readable, synced, backup, network or image
	By   string `json:"by"`   // everyone, a group, a service, a folder, a file system or a Dockerfile
	Fix  string `json:"fix"`  // what to do about it, an order without its period
}

// String says it in words.
func (e Exposure) String() string {
	switch e.Kind {
	case exposedReadable:
		return "readable by " + e.By
	case exposedSynced:
		return "synced by " + e.By
	case exposedBackup:
		return "in a backup (" + e.By + ")"
	case exposedNetwork:
		return "on a network file system (" + e.By + ")"
	case exposedImage:
		return "copied into an image by " + e.By
	}
	return e.By
}

// The kinds of exposure.
const (
	exposedReadable = "readable"
	exposedSynced   = "synced"
	exposedBackup   = "backup"
	exposedNetwork  = "network"
	exposedImage    = "image"
)

// exposures tells of files below the home folder, and remembers folders.
type exposures struct {
	home    string
	env     func(string) string
	network string             // the file system of the home folder, if it is on a network
	synced  map[string]string  // folders, by path: who syncs them
	open    map[string][2]bool // folders that the group, and others, can pass through
}

func newExposures(home, network string, env func(string) string) *exposures {
	return &exposures{home: home, network: network, env: env, synced: map[string]string{}, open: map[string][2]bool{}}
}

// of returns what is known of the file at path, which leads through no link. It is
// shown as shown.
func (x *exposures) of(path, shown string) []Exposure {
	out := []Exposure{}
	if by := x.readers(path); by != "" {
		out = append(out, Exposure{exposedReadable, by, "close it to others: chmod go= " + shell.QuoteHome(shown)})
	}
	if by := x.syncedBy(filepath.Dir(path)); by != "" {
		out = append(out, Exposure{exposedSynced, by, "delete it at " + by + " too, with its old versions: other devices and a server have it"})
	}
	if in := x.backup(path); in != "" {
		out = append(out, Exposure{exposedBackup, in, "delete the copy in the backup too: the original alone is not enough"})
	}
	if x.network != "" && regular.Contains(x.home, path) {
		out = append(out, Exposure{exposedNetwork, x.network, "keep tokens in a secret manager: who runs the file server can read the file"})
	}
	return out
}

// imageOf is the exposure of a file that a Dockerfile copies.
func imageOf(dockerfile string) Exposure {
	return Exposure{exposedImage, dockerfile, "name it in .dockerignore, and build the image again"}
}

// syncedBy returns the service that syncs a folder, "" if none is known.
func (x *exposures) syncedBy(dir string) string {
	if by, ok := x.synced[dir]; ok {
		return by
	}
	by := x.service(dir)
	if up := filepath.Dir(dir); by == "" && dir != x.home && up != dir {
		by = x.syncedBy(up)
	}
	x.synced[dir] = by
	return by
}

// service returns the service whose top folder is dir, "" if it is none.
func (x *exposures) service(dir string) string {
	for _, v := range []string{"OneDrive", "OneDriveConsumer", "OneDriveCommercial"} { // Windows sets them
		if top := x.env(v); top != "" && filepath.Clean(top) == dir {
			return "OneDrive"
		}
	}
	for _, m := range markers {
		if found, _ := filepath.Glob(filepath.Join(regular.GlobQuoted(dir), m.glob)); len(found) > 0 { // the pattern is sound
			return m.service
		}
	}
	rel, err := filepath.Rel(x.home, dir)
	if err != nil {
		return ""
	}
	parts := strings.Split(strings.ToLower(filepath.ToSlash(rel)), "/")
	switch {
	case len(parts) == 1:
		return serviceNamed(parts[0])
	case len(parts) == 2 && parts[0] == "library" && parts[1] == "mobile documents":
		return "iCloud Drive"
	case len(parts) == 3 && parts[0] == "library" && parts[1] == "cloudstorage": // such as Dropbox and OneDrive-Personal
		name, _, _ := strings.Cut(filepath.Base(dir), "-")
		return name
	}
	return ""
}

// markers are files that a service keeps in its top folder.
var markers = []struct{ glob, service string }{
	{".stfolder", "Syncthing"},
	{".dropbox", "Dropbox"},
	{".dropbox.cache", "Dropbox"},
	{".sync_*.db", "Nextcloud or ownCloud"},
	{"._sync_*.db", "Nextcloud or ownCloud"},
	{".owncloudsync.log", "ownCloud"},
	{".nextcloudsync.log", "Nextcloud"},
	{".tmp.drivedownload", "Google Drive"},
	{".SynologyWorkingDirectory", "Synology Drive"},
	{".849C9593-D756-4E56-8D6E-42412F2A707B", "OneDrive"},
}

// serviceNamed returns the service whose folder in the home folder is called name, in
// lower case.
func serviceNamed(name string) string {
	for _, s := range []struct{ prefix, service string }{
		{"dropbox", "Dropbox"}, {"onedrive", "OneDrive"}, {"google drive", "Google Drive"}, {"googledrive", "Google Drive"}, {"my drive", "Google Drive"},
		{"icloud drive", "iCloud Drive"}, {"iclouddrive", "iCloud Drive"}, {"nextcloud", "Nextcloud"}, {"owncloud", "ownCloud"}, {"syncthing", "Syncthing"},
		{"pcloud", "pCloud"}, {"megasync", "MEGA"}, {"mega", "MEGA"}, {"box sync", "Box"}, {"box", "Box"}, {"proton drive", "Proton Drive"}, {"seafile", "Seafile"}, {"yandex.disk", "Yandex Disk"},
	} {
		// Several accounts have folders such as "OneDrive - Company" and "Dropbox (Company)".
		if rest, ok := strings.CutPrefix(name, s.prefix); ok && (rest == "" || strings.HasPrefix(rest, " -") || strings.HasPrefix(rest, " (")) {
			return s.service
		}
	}
	return ""
}

// backup returns the folder or the file that looks like a backup, "" if none does.
func (x *exposures) backup(file string) string {
	rel, err := filepath.Rel(x.home, file)
	if err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	for name := range strings.SplitSeq(rel, string(filepath.Separator)) {
		low := strings.ToLower(name)
		for _, is := range backupNames {
			if ok, _ := path.Match(is, low); ok { // the pattern is sound
				return name
			}
		}
	}
	return ""
}

var backupNames = []string{
	"backup", "backups", "backup[\\-_. ]*", "backups[\\-_. ]*", "*[\\-_. ]backup", "*[\\-_. ]backups", "*.bak", "*.old", "*.orig", "*~", "mobilesync", "filehistory", "time machine*",
	".snapshots", "timeshift", "deja-dup", "*.sparsebundle", "*.backupbundle",
}

// everyone are all users of this machine.
const everyone = "everyone on this machine"

// passes reports whether the group, and others, can pass through a folder and all that
// are above it.
func (x *exposures) passes(dir string) (group, others bool) {
	if known, ok := x.open[dir]; ok {
		return known[0], known[1]
	}
	info, err := os.Stat(dir)
	if err != nil {
		return false, false
	}
	group, others = info.Mode()&0o010 != 0, info.Mode()&0o001 != 0
	group = group || others
	if up := filepath.Dir(dir); up != dir && (group || others) {
		g, o := x.passes(up)
		group, others = group && g, others && o // whom others may pass, a group may
	}
	x.open[dir] = [2]bool{group, others}
	return group, others
}
