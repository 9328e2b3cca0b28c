package machine

import (
	"maps"
	"testing"
)

const fakeMountinfo = `22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 27 0:50 / /home rw shared:9 - btrfs /dev/vdb rw
41 40 0:51 / /home/me/nas\040box rw,relatime shared:20 - nfs4 server:/export rw,addr=10.0.0.1
42 40 0:52 / /home/me/ssh rw,nosuid - fuse.sshfs me@host: rw
43 40 8:17 / /home/me/usb rw - fuseblk /dev/sdb1 rw
44 40 0:53 / /home/me/.cache/doc rw - fuse.portal portal rw
45 40 0:54 / /home/me/vault rw - fuse.gocryptfs x rw
46 40 0:55 / /home/me/auto rw - autofs systemd-1 rw
47 40 0:56 / /home/me/ram rw - tmpfs tmpfs rw
48 40 0:57 / /home/me/win rw master:1 propagate_from:2 - cifs //host/share rw
49 40 0:58 / /home/me/twice rw - nfs server:/x rw
50 40 0:59 / /home/me/twice rw - ext4 /dev/vdc rw
a line that is damaged
51 40 0:60 / /home/me/short -
52 40 - ext4
`

// TestMounts reads an invented table of mounts.
func TestMounts(t *testing.T) {
	want := mounts{
		"/proc": "a pseudo file system (proc)", "/": "", "/home": "", "/home/me/nas box": "a network file system (nfs4)", "/home/me/ssh": "a network file system (fuse.sshfs)",
		"/home/me/usb": "", "/home/me/.cache/doc": "a network file system (fuse.portal)", "/home/me/vault": "", "/home/me/auto": "a pseudo file system (autofs)", "/home/me/ram": "",
		"/home/me/win": "a network file system (cifs)", "/home/me/twice": "",
	}
	got := parseMountinfo([]byte(fakeMountinfo))
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for dir, want := range map[string]string{"/home/me": "", "/home/me/nas box/x": "nfs4", "/home/me/nas box": "nfs4", "/home/me/auto": "", "/home/me/ssh/usb": "fuse.sshfs"} {
		if fstype := got.networkOf(dir); fstype != want {
			t.Errorf("%s is on %q, want %q", dir, fstype, want)
		}
	}
}

// TestLeave leaves out what is mounted below the home folder, but not the home folder
// itself.
func TestLeave(t *testing.T) {
	s := &search{home: "/home/me/nas box", mounted: parseMountinfo([]byte(fakeMountinfo)), places: []base{{"/home/me/nas box", ""}}}
	for dir, want := range map[string]string{"/home/me/nas box": "", "/home/me/ssh": "a network file system (fuse.sshfs)", "/home/me/nas box/x": "", "/proc": "a pseudo file system (proc)"} {
		if got := s.leave(dir); got != want {
			t.Errorf("%s: %q, want %q", dir, got, want)
		}
	}
}

// FuzzMountinfo takes anything as a table of mounts.
func FuzzMountinfo(f *testing.F) {
	f.Add([]byte(fakeMountinfo))
	f.Add([]byte(`1 2 3 4 \0 - \`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m := parseMountinfo(text)
		for dir, reason := range m {
			if reason != "" && reason[:2] != "a " {
				t.Errorf("%q: %q", dir, reason)
			}
			m.networkOf(dir) // comes to an end
		}
	})
}
