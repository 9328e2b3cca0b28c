package worker

// The points where a test stops the process, by the numbers of docs/fleet.md. A build
// without the tag crashpoints stops at none.
const (
	crashFetched = 1 // a job is there, and nothing is done
	crashScanned = 2 // a repository was scanned, and nothing is written
	crashCommit  = 3 // all is written, and the transaction is open
	crashAsked   = 4 // Replicate has answered, and nothing is written
)
