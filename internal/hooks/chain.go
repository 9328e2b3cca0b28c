package hooks

import (
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/shell"
)

// chain says where a hook script finds the hook that it runs besides r8scan.
//
// The scripts name their variables r8scan_…: another name may be one that the
// user exports, and the hooks that they run would see it changed.
type chain struct {
	text string // as shell, which sets r8scan_other
	dir  string // the folder of hooks, with its links followed; "" if the text does not name it
}

// chainNone is nowhere: git itself runs it.
var chainNone = chain{}

// chainRepository is the repository's own hook, which git passes over while a
// global core.hooksPath is set. Most hooks need no process to find it.
var chainRepository = chain{text: `r8scan_dir=${GIT_COMMON_DIR:-${GIT_DIR:-.git}}
if ! [ -f "$r8scan_dir/HEAD" ] || [ -f "$r8scan_dir/commondir" ]; then
  r8scan_dir=$(git rev-parse --git-common-dir 2>/dev/null) || r8scan_dir=.git
fi
r8scan_other=$r8scan_dir/hooks/NAME
`}

const (
	// keptText finds the hook that stood in the script's place. It goes by its own
	// name in a folder of its own, since dispatchers go by $0. That folder is
	// next to the folder of hooks, not in it: hooks find the work tree by
	// $0/../.., and a relative link leads to the same file.
	//
	// $0 alone does not say where that is: other managers rename the scripts that
	// they find, and one may be run without a slash.
	keptText = `r8scan_here=.
case $0 in
*/*) r8scan_here=${0%/*} ;;
esac
r8scan_kept=$r8scan_here/../FOLDER
r8scan_other=$r8scan_kept/NAME
`

	// linkSiblings makes what a kept hook reads beside itself appear in its
	// folder, each time anew, as files may have come since. r8scan's own scripts
	// are no part of what was there.
	linkSiblings = `if [ -d "$r8scan_kept" ]; then
  for r8scan_file in "$r8scan_here"/* "$r8scan_here"/.[!.]* "$r8scan_here"/..?*; do
    r8scan_link=$r8scan_kept/${r8scan_file##*/}
    if ! [ -e "$r8scan_file" ] || [ -e "$r8scan_link" ] || [ -h "$r8scan_link" ]; then continue; fi
    case $r8scan_file in
    *.sample | *` + keptSuffix + ` | *` + tempMark + `*) continue ;;
    esac
    r8scan_line=
    if [ -f "$r8scan_file" ]; then
      { read -r r8scan_line; read -r r8scan_line; } <"$r8scan_file"
    fi
    case $r8scan_line in
    '# r8scan-hook '*) continue ;;
    esac
    ln -s ../SIBLINGS/"${r8scan_file##*/}" "$r8scan_link"
  done 2>/dev/null
fi
`
	// runAsLink is for a dispatcher with links to it: what was pre-commit may be
	// commit-msg too. Such a link now leads to r8scan's script, which runs the
	// dispatcher by the link's name. It checks only what a link to pre-commit is
	// there for, a merge's commit.
	runAsLink = `case ${0##*/} in
OTHERS)
  r8scan_other=$r8scan_kept/${0##*/}
  if ! [ -e "$r8scan_other" ]; then ln -s ` + selfLink + `NAME "$r8scan_other" 2>/dev/null; fi
  case NAME/${0##*/} in
  pre-commit/pre-merge-commit) ;;
  *)
    if ` + hasOther + `; then
      exec "$r8scan_other" "$@"
    fi
    exit 0
    ;;
  esac
  ;;
esac
`
	// missKept tells of a hook that was kept and is gone, or out of reach: it
	// checks nothing any more.
	missKept = `if ! [ -e "$r8scan_other" ] && ! [ -h "$r8scan_other" ]; then
  printf '%s\n' "r8scan: the hook that was here before r8scan is not run, because it is not at $r8scan_other: put it there, or run r8scan install again" >&2
fi
`
)

// keptChain returns the chain to the hook that stood in the place of one in dir,
// a folder with its links followed, whether there is one or a dispatcher's link
// may lead here.
func keptChain(dir string, isKept bool) chain {
	c := chain{text: keptText + linkSiblings + runAsLink, dir: dir}
	if isKept {
		c.text += missKept
	}
	return c
}

// words returns what stands for what in the text, beside the kind's own words.
func (c chain) words(name string) []string {
	base := filepath.Base(c.dir)
	others := slices.DeleteFunc(slices.Clone(allHooks), func(other string) bool { return other == name })
	return []string{
		"FOLDER", shell.Quoted(base + keptSuffix),
		"SIBLINGS", shell.Quoted(base),
		"OTHERS", strings.Join(others, " | "),
	}
}
