// Package crash stops the process at points that a test names. A build without the tag
// crashpoints stops at none.
package crash

// The points, by the numbers of docs/fleet.md.
const (
	Fetched = 1 // a job is there, and nothing is done
	Scanned = 2 // a repository was scanned, and nothing is written
	Commit  = 3 // all is written, and the transaction is open
	Asked   = 4 // Replicate has answered, and nothing is written
	Marked  = 5 // a notice is marked as being sent, and is not sent
	Told    = 6 // it is sent, and not marked so
	Disable = 7 // a token is disabled, and not marked so

	Migration = 11 // a migration has made a table, and its transaction is open
)
