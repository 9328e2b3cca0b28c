package worker

import (
	"bytes"
	"context"
	"errors"
	"os"

	"r8scan/fleet/ledger"
)

// maxMemory limits what is kept of one repository, in bytes. Of a history with a million
// objects there are some 15 megabytes.
const maxMemory = 64 << 20

var errMemory = errors.New("there is too much to remember")

// memory is what scans remember of one repository. What a scan saves is written by the
// transaction that commits the visit, and by no other.
type memory struct {
	worker *Worker
	ctx    context.Context // of the scan, for which the memory is
	repo   string
	saved  *ledger.Memory // nil if nothing new is to be kept
}

// Load returns what the last committed visit has left.
func (m *memory) Load(key []byte) ([]byte, error) {
	last, err := ledger.Recall(m.ctx, m.worker.store.DB, m.repo)
	switch {
	case err != nil:
		return nil, err
	case last == nil || !bytes.Equal(last.Name, key):
		return nil, os.ErrNotExist
	}
	return last.Body, nil
}

// Save keeps something for the commit.
func (m *memory) Save(key, body []byte) error {
	if len(body) > maxMemory {
		return errMemory
	}
	m.saved = &ledger.Memory{Name: key, Body: body}
	return nil
}
