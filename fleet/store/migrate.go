package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewer says that a newer program has changed the database's schema.
var ErrNewer = errors.New("a newer r8scan-fleet has changed this database: update this one")

// schemas are the fleet's tables and River's, which have versions of their own.
type schemas struct {
	own   *goose.Provider
	river *rivermigrate.Migrator[*sql.Tx]
}

func (s *Store) schemas() (*schemas, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectSQLite3
	if s.Postgres {
		dialect = goose.DialectPostgres
	}
	own, err := goose.NewProvider(dialect, s.DB, files, goose.WithTableName("fleet_schema"), goose.WithGoMigrations(half()...))
	if err != nil {
		return nil, err
	}
	river, err := rivermigrate.New(s.River, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	return &schemas{own, river}, err
}

// current reports whether nothing is to be done. ErrNewer is for a database that
// knows a migration that this program does not.
func (m *schemas) current(ctx context.Context) (bool, error) {
	has, err := m.own.GetDBVersion(ctx)
	if err != nil {
		return false, err
	}
	applied, err := m.river.ExistingVersions(ctx)
	if err != nil {
		return false, err
	}
	var river int64
	for _, v := range applied {
		river = max(river, int64(v.Version))
	}
	want := m.versions()
	if has > want.own || river > want.river {
		return false, ErrNewer
	}
	return versions{has, river} == want, nil
}

// versions are the newest steps of both schemas.
type versions struct{ own, river int64 }

// versions returns those that this program knows.
func (m *schemas) versions() (v versions) {
	for _, s := range m.own.ListSources() {
		v.own = max(v.own, s.Version)
	}
	for _, s := range m.river.AllVersions() {
		v.river = max(v.river, int64(s.Version))
	}
	return v
}

// Check returns ErrNewer if a newer program has changed the schema since Open. Workers ask
// it all the time, so it is one cheap statement.
func (s *Store) Check(ctx context.Context) error {
	var has versions
	err := s.DB.QueryRowContext(ctx, `select coalesce((select max(version_id) from fleet_schema), 0),
		coalesce((select max(version) from river_migration), 0)`).Scan(&has.own, &has.river)
	if err == nil && (has.own > s.known.own || has.river > s.known.river) {
		return ErrNewer
	}
	return err
}

// migrate brings the schema up to date. One process does it, and the others wait. Each
// step is a transaction, so a process that dies leaves whole steps, and the next one
// goes on.
func (s *Store) migrate(ctx context.Context) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return fmt.Errorf("wait for the lock of the schema: %w", err)
	}
	defer unlock()
	m, err := s.schemas()
	if err != nil {
		return err
	}
	s.known = m.versions()
	if ok, err := m.current(ctx); ok || err != nil {
		return err
	}
	if _, err := m.river.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("change the schema of the queue: %w", err)
	}
	if _, err := m.own.Up(ctx); err != nil {
		return fmt.Errorf("change the schema: %w", err)
	}
	return nil
}

// lockID is the number of PostgreSQL's lock: "r8fleet" in hex.
const lockID = 0x7238666c656574

// lock takes the lock of the schema, which ends with the process at the latest. For
// SQLite it is the lock of a second, empty database: the first one is in use meanwhile.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	db, statement := s.DB, fmt.Sprintf("select pg_advisory_lock(%d)", lockID)
	if !s.Postgres {
		db, err = sql.Open("sqlite", fileURL(s.path+".lock")+"?_pragma=busy_timeout(60000)")
		if err != nil {
			return nil, err
		}
		statement = "begin exclusive"
	}
	closeAll := func() {
		if db != s.DB {
			db.Close()
		}
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		closeAll()
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, statement); err != nil {
		conn.Close()
		closeAll()
		return nil, err
	}
	return func() {
		end := "rollback"
		if s.Postgres {
			end = fmt.Sprintf("select pg_advisory_unlock(%d)", lockID)
		}
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), end) // closing it unlocks too
		conn.Close()
		closeAll()
	}, nil
}
