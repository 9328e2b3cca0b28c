package source

import (
	"context"
	"strings"

	"r8scan/internal/archive"
	"r8scan/internal/collect"
	"r8scan/internal/git/repo"
	"r8scan/result"
)

// hasReader reports whether a file or folder, by its path in the git directory, is
// no text, or has a reader of its own. Shared indexes are searched as they are,
// because not each of them is in use.
func hasReader(in, path string) bool {
	if in == "objects" {
		return true
	}
	if rest, ok := strings.CutPrefix(in, "worktrees/"); ok {
		_, in, _ = strings.Cut(rest, "/")
	}
	return in == "index" || strings.HasPrefix(in, "modules/") && repo.IsModule(path)
}

// gitFileKind returns the kind of a file, or of a member of it, by its path in the
// git directory.
func gitFileKind(in, member string) string {
	if rest, ok := strings.CutPrefix(in, "worktrees/"); ok {
		_, in, _ = strings.Cut(rest, "/")
	}
	switch {
	case in == "config", in == "config.worktree":
		return result.KindConfig
	case strings.HasPrefix(in, "sharedindex."):
		return result.KindIndex
	case strings.HasPrefix(in, "logs/"), strings.HasPrefix(in, "reftable/") && strings.HasPrefix(member, archive.RefLogs):
		return result.KindReflog
	case strings.HasPrefix(in, "refs/"), in == "packed-refs", in == "HEAD", strings.HasPrefix(in, "reftable/"):
		return result.KindRef
	}
	return result.KindFile
}

// searchIndex returns the job of searching the paths in a work tree's index. Damage
// is named by indexRoots.
func searchIndex(env *Env, t *collect.WorkTree) job {
	return func(context.Context, *worker) error {
		x, _ := t.ReadIndex()
		if x == nil {
			return nil
		}
		t.Index = x.Entries
		before := "" // the path that was searched last
		for _, e := range x.Entries {
			if env.Paths.Keeps(collect.Join(t.Name, e.Path), "") {
				searchIndexPath(env, t.Name, e.Path, before)
				before = e.Path
			}
		}
		return nil
	}
}

// searchIndexPath searches the names in a path of the index of the work tree called
// tree, without the folders that before is in too. A match in a folder's name has
// the folder's path, as in a tree.
func searchIndexPath(env *Env, tree, path, before string) {
	known := 0
	for known < min(len(path), len(before)) && path[known] == before[known] {
		known++
	}
	at := strings.LastIndexByte(path[:known], '/') + 1
	for name := range strings.SplitSeq(path[at:], "/") {
		end := at + len(name)
		env.searchName(name, collect.Hit{Kind: result.KindIndex, Path: collect.Join(tree, path[:end])})
		at = end + 1
	}
}
