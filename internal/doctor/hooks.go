package doctor

import (
	"context"
	"strings"

	"r8scan/internal/hooks"
)

// checkHooks says whether git checks commits and pushes of the repository around dir.
// Hooks of the same state share a check. Outside a repository there is none.
func checkHooks(ctx context.Context, dir string) []Check {
	found, err := hooks.Status(ctx, dir)
	if err != nil {
		return []Check{{levelWarning, "git hooks", "were not checked: " + err.Error(), "Commits and pushes here may not be checked for tokens.", ""}}
	}
	type state struct{ what, fix string }
	var order []state
	names := map[state][]string{}
	inForce := map[state]bool{}
	for _, h := range found {
		s := state{h.What, h.Fix}
		if names[s] == nil {
			order = append(order, s)
		}
		names[s] = append(names[s], h.Hook)
		inForce[s] = h.InForce
	}
	var out []Check
	for _, s := range order {
		about := "git hook " + strings.Join(names[s], ", ")
		if inForce[s] {
			out = append(out, Check{levelOK, about, s.what, "", ""})
			continue
		}
		out = append(out, Check{levelWarning, about, s.what, "Git does not run this r8scan there, so a token may get into a commit or a push.", s.fix})
	}
	return out
}
