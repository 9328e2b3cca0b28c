package hooks

import (
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/shell"
)

// chain says where a hook script finds the hook that it runs besides r8scan.
//
// The scripts' variables begin with r8scan_: the user may export any other name,
// and the hooks that the scripts run would see it changed.
type chain struct {
	text string // as shell, which sets r8scan_other
	dir  string // the folder of hooks, with links resolved; "" if the text does not name it
}

// chainNone runs no other hook: git itself does.
var chainNone = chain{}

// chainRepository runs the repository's own hook, which git ignores while a
// global core.hooksPath is set. Most hooks find it without starting a process.
var chainRepository = chain{text: `r8scan_dir=${GIT_COMMON_DIR:-${GIT_DIR:-.git}}
if ! [ -f "$r8scan_dir/HEAD" ] || [ -f "$r8scan_dir/commondir" ]; then
  r8scan_dir=$(git rev-parse --git-common-dir 2>/dev/null) || r8scan_dir=.git
fi
r8scan_other=$r8scan_dir/hooks/NAME
`}

const (
	// keptText finds the hook that the script replaced. It keeps its name, because
	// dispatchers look at $0. Its folder is next to the folder of hooks, not in it:
	// hooks find the work tree by $0/../.., and relative links stay valid.
	//
	// $0 alone does not say where that is: other managers rename the scripts that
	// they find, and $0 may have no slash.
	keptText = `r8scan_here=.
case $0 in
*/*) r8scan_here=${0%/*} ;;
esac
r8scan_kept=$r8scan_here/../FOLDER
r8scan_other=$r8scan_kept/NAME
`

	// linkSiblings links the files that a kept hook reads beside itself into its
	// folder. It runs each time, because files may have been added. r8scan's own
	// scripts are not linked.
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
	// runAsLink is for a dispatcher that other hooks link to: commit-msg may be a
	// link to pre-commit. Such a link now leads to r8scan's script, which runs the
	// dispatcher under the link's name. It checks only pre-merge-commit, which
	// needs what pre-commit does.
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
	// missKept warns that a kept hook is gone or cannot be reached.
	missKept = `if ! [ -e "$r8scan_other" ] && ! [ -h "$r8scan_other" ]; then
  printf '%s\n' "r8scan: your earlier hook was not run, because it is not at $r8scan_other: put it there, or run r8scan install again" >&2
fi
`
)

// keptChain returns the chain to the hook that one in dir replaced. dir has its
// links resolved. Without a kept hook, a dispatcher's link may still lead here.
func keptChain(dir string, isKept bool) chain {
	c := chain{text: keptText + linkSiblings + runAsLink, dir: dir}
	if isKept {
		c.text += missKept
	}
	return c
}

// words returns the replacements for c.text, as pairs, beside those of the kind.
func (c chain) words(name string) []string {
	base := filepath.Base(c.dir)
	others := slices.DeleteFunc(slices.Clone(allHooks), func(other string) bool { return other == name })
	return []string{
		"FOLDER", shell.Quoted(base + keptSuffix),
		"SIBLINGS", shell.Quoted(base),
		"OTHERS", strings.Join(others, " | "),
	}
}
