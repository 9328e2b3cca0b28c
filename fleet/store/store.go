// Package store opens the fleet's database: PostgreSQL for many machines, or a SQLite
// file for one. Both carry River's queue beside the fleet's own tables.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	_ "modernc.org/sqlite" // the driver sqlite
)

// Variable names the database: a postgres URL, or the path of a SQLite file. It is no
// argument, because every user of a machine can read those.
const Variable = "R8SCAN_FLEET_DB"

// Store is an open database.
type Store struct {
	DB       *sql.DB
	River    riverdriver.Driver[*sql.Tx]
	Postgres bool   // else SQLite
	Name     string // for people: without user and password

	path string        // of the SQLite file
	pool *pgxpool.Pool // hears of new jobs

	known versions // what Check compares with
}

// Querier is a database or a transaction.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Open opens the database that address names, in the user's data folder if it is "",
// and brings its schema up to date. It refuses one that a newer program has made.
func Open(ctx context.Context, address string) (*Store, error) {
	open := openSQLite
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		open = openPostgres
	} else if strings.Contains(address, "://") {
		return nil, errors.New(Variable + ": use postgres://…, or the path of a SQLite file")
	}
	s, err := open(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := s.DB.PingContext(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("cannot use %s: %s: check %s", s.Name, strings.Join(strings.Fields(err.Error()), " "), Variable)
	}
	if err := s.migrate(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return s, nil
}

// connections is how many a process opens to PostgreSQL, beside the one that listens.
const connections = 8

// planning are settings of PostgreSQL for the plans of our statements. To plan those of the
// queue each time costs more than to run them, so each is planned once, for any arguments:
// all find few rows by an index, which a plan for any arguments would not rely on. What is
// compiled for large queries (jit) takes seconds for small ones.
func planning() map[string]string {
	return map[string]string{"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off", "jit": "off"}
}

func openPostgres(ctx context.Context, address string) (*Store, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New(Variable + " is no postgres URL: write postgres://user@host/database")
	}
	cfg, err := pgxpool.ParseConfig(address)
	if err != nil { // its text may quote the password
		return nil, errors.New(Variable + " is no postgres URL: write postgres://user@host/database")
	}
	cfg.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	conn := cfg.ConnConfig.Copy()
	maps.Copy(conn.RuntimeParams, planning())
	db := stdlib.OpenDB(*conn)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections) // the default of two opens new ones all the time
	return &Store{DB: db, River: riverdatabasesql.NewWithPgxListener(db, pool), Postgres: true, pool: pool,
		Name: "PostgreSQL at " + u.Host + u.Path}, nil
}

// pragmas: writers wait for each other instead of failing, and a transaction takes the
// lock for writing when it begins, because it cannot wait for one later. What is erased is
// overwritten with zeros: a sealed token would stay readable in the file.
const pragmas = "?_pragma=busy_timeout(20000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)&_pragma=secure_delete(1)&_txlock=immediate"

func openSQLite(_ context.Context, path string) (*Store, error) {
	if path == "" {
		dir, err := dataFolder()
		if err != nil {
			return nil, err
		}
		path = filepath.Join(dir, "fleet.db")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("%w: name a file that you can write in %s", err, Variable)
	}
	// Only the user may read it: it says which repositories leak.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: name a file that you can write in %s", err, Variable)
	}
	f.Close()
	db, err := sql.Open("sqlite", fileURL(path)+pragmas)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return &Store{DB: db, River: riversqlite.New(db), Name: path, path: path}, nil
}

// fileURL returns a path as SQLite takes it in a URL.
func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/folder
		path = "/" + path
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath()
}

// dataFolder returns the folder of the user's data for this program.
func dataFolder() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "r8scan"), nil
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		dir, err := os.UserConfigDir()
		return filepath.Join(dir, "r8scan"), err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("%w: name a file in %s", err, Variable)
	}
	return filepath.Join(home, ".local", "share", "r8scan"), nil
}

// Close closes the database.
func (s *Store) Close() {
	s.DB.Close()
	if s.pool != nil {
		s.pool.Close()
	}
}

// Tx runs f in a transaction: all that it does, or nothing.
func (s *Store) Tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.DB.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it is done, or there is an error already
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Now returns the database's time in milliseconds. The clocks of machines differ, and
// leases and rates are for all of them.
func (s *Store) Now(ctx context.Context, q Querier) (now int64, err error) {
	err = q.QueryRowContext(ctx, `select `+s.Clock()).Scan(&now)
	return now, err
}

// Clock returns the expression of SQL that is the database's time in milliseconds.
func (s *Store) Clock() string {
	if s.Postgres {
		return `cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`
	}
	return `cast(unixepoch('subsec') * 1000 as integer)`
}
