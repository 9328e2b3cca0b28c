package version

import (
	"bytes"
	"encoding/json"
	"runtime/debug"
	"strings"
	"testing"
)

const commit = "a8dc04f8bbddf4674ca17232e87ce578f11b08ff"

// inClone is what go build records in a clone.
func inClone(version, modified string) *debug.BuildInfo {
	return &debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: version}, Settings: []debug.BuildSetting{
		{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: commit},
		{Key: "vcs.time", Value: "2026-11-27T03:42:44Z"}, {Key: "vcs.modified", Value: modified}}}
}

// TestText reads what the ways to build record: go build in a clone, go install of a
// module version, and builds without either.
func TestText(t *testing.T) {
	module := func(version string) *debug.BuildInfo {
		return &debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: version, Sum: "h1:x"}}
	}
	for name, tt := range map[string]struct {
		info *debug.BuildInfo
		want string
	}{
		"a tag":                  {inClone("v0.2.0", "false"), "r8scan 0.2.0\ncommit " + commit + " of 2026-11-27 03:42:44 UTC\n"},
		"a commit":               {inClone("v0.2.1-0.20261127034244-a8dc04f8bbdd", "false"), "r8scan 0.2.1-0.20261127034244-a8dc04f8bbdd\ncommit " + commit + " of 2026-11-27 03:42:44 UTC\n"},
		"changes":                {inClone("v0.2.0+dirty", "true"), "r8scan 0.2.0+dirty\ncommit " + commit + " of 2026-11-27 03:42:44 UTC, with changes that are not committed\n"},
		"an older Go in a clone": {inClone("(devel)", "false"), "r8scan devel\ncommit " + commit + " of 2026-11-27 03:42:44 UTC\n"},
		"a module at a tag":      {module("v0.2.0"), "r8scan 0.2.0\nthe commit of the tag v0.2.0\n"},
		"a module at a commit":   {module("v0.0.0-20261127034244-a8dc04f8bbdd"), "r8scan 0.0.0-20261127034244-a8dc04f8bbdd\ncommit a8dc04f8bbdd of 2026-11-27 03:42:44 UTC\n"},
		"a module before a tag":  {module("v0.2.0-rc.1.0.20261127034244-a8dc04f8bbdd"), "r8scan 0.2.0-rc.1.0.20261127034244-a8dc04f8bbdd\ncommit a8dc04f8bbdd of 2026-11-27 03:42:44 UTC\n"},
		"no time in its place":   {module("v0.0.0-99999999999999-a8dc04f8bbdd"), "r8scan 0.0.0-99999999999999-a8dc04f8bbdd\nthe commit of the tag v0.0.0-99999999999999-a8dc04f8bbdd\n"},
		"go run":                 {module("(devel)"), "r8scan devel\nunknown commit\n"},
		"nothing":                {&debug.BuildInfo{}, "r8scan devel\nunknown commit\n"},
	} {
		var out strings.Builder
		if err := of(tt.info).WriteText(&out, false); err != nil {
			t.Fatal(err)
		}
		if got, ok := strings.CutPrefix(out.String(), tt.want); !ok || !strings.HasPrefix(got, "built with go1.") {
			t.Errorf("%s: %s", name, out.String())
		}
	}
}

// TestJSON: what is not known is left out.
func TestJSON(t *testing.T) {
	for want, info := range map[string]*debug.BuildInfo{
		`{"schema":"r8scan-version/1","tool":{"name":"r8scan","version":"0.2.0+dirty","commit":"` + commit + `"},"committed":"2026-11-27T03:42:44Z","modified":true,"go":"go1.26.8","platform":"`: inClone("v0.2.0+dirty", "true"),
		`{"schema":"r8scan-version/1","tool":{"name":"r8scan","version":"devel"},"modified":false,"go":"go1.`:                                                                                     {},
	} {
		b := of(info)
		var out, compact bytes.Buffer
		if err := b.WriteJSON(&out, b.Tool()); err != nil {
			t.Fatal(err)
		}
		if err := json.Compact(&compact, out.Bytes()); err != nil || !strings.HasPrefix(compact.String(), want) {
			t.Errorf("%v\n%s, want\n%s", err, compact.String(), want)
		}
	}
}
