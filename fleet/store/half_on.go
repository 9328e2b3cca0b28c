//go:build crashpoints

package store

import (
	"context"
	"database/sql"

	"github.com/pressly/goose/v3"

	"r8scan/fleet/crash"
)

// half returns a migration in whose middle the process dies, if a test wants that.
func half() []*goose.Migration {
	if !crash.Wanted(crash.Migration) {
		return nil
	}
	return []*goose.Migration{goose.NewGoMigration(9000, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `create table half (id text)`); err != nil {
			return err
		}
		crash.At(crash.Migration)
		return nil
	}}, nil)}
}
