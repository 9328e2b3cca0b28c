package result_test

import (
	"fmt"

	"r8scan/result"
)

// A run that could not read something is not complete, whatever it has found.
func ExampleCoverage_Complete() {
	c := result.Coverage{Files: 3}
	fmt.Println(c.Complete())
	c.Unread = append(c.Unread, result.Unread{What: "a.zip", Reason: "it is encrypted"})
	fmt.Println(c.Complete())
	// Output:
	// true
	// false
}
