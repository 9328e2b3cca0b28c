package report

import (
	"fmt"
	"io"

	"r8scan/rules"
)

// Rules writes as text what a set of rules finds: a block for each, with an
// empty line between two.
func Rules(w io.Writer, set *rules.Set) error {
	for i, r := range set.All() {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if _, err := fmt.Fprintf(w, "%s\n  %s\n  example: %s\n", r.ID, r.Description, r.Example); err != nil {
			return err
		}
	}
	return nil
}
