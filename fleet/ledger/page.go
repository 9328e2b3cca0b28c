package ledger

import (
	"context"
	"database/sql"
	"encoding/json"

	"r8scan/fleet/store"
	"r8scan/report"
)

// Cursor is where a list that is read in pages goes on: behind the row with these keys.
// The zero value is the beginning.
type Cursor struct {
	At int64
	ID string
}

// ListedToken is a token in a list.
type ListedToken struct {
	ID        string
	Rule      string
	Mask      string
	FirstSeen int64 // milliseconds since 1970
	Status    report.Status
	Account   *report.Account
	Checked   int64  // likewise; 0: never
	Open      bool   // it is asked about again
	Public    bool   // it stands where everybody can read it
	Repos     int64  // repositories that have it, or had it
	First     string // the repository that had it first; "" for none
}

// TokenPage returns the tokens with a status behind the cursor, the oldest first.
func TokenPage(ctx context.Context, q store.Querier, status report.Status, after Cursor, limit int) ([]ListedToken, error) {
	return all(ctx, q, func(rows *sql.Rows) (t ListedToken, err error) {
		var account string
		if err := rows.Scan(&t.ID, &t.Rule, &t.Mask, &t.FirstSeen, &t.Status, &account, &t.Checked, &t.Open, &t.Public, &t.Repos, &t.First); err != nil {
			return t, err
		}
		return t, json.Unmarshal([]byte(account), &t.Account)
	}, `select id, rule, mask, first_seen, status, account, coalesce(checked, 0), open = 1,
		exists(select 1 from told where told.token = t.id) or exists(select 1 from finding f join repo r on r.id = f.repo where f.token = t.id and r.public = 1),
		(select count(*) from finding f where f.token = t.id),
		coalesce((select r.url from finding f join repo r on r.id = f.repo where f.token = t.id order by f.first_seen, r.id limit 1), '')
		from token t where status = $1 and (first_seen, id) > ($2, $3) order by first_seen, id limit $4`,
		string(status), after.At, after.ID, limit)
}

// Story is what the fleet knows of one token. Rest counts what was left out.
type Story struct {
	Token
	Rest struct{ Places, Verdicts, Told int64 }
}

// StoryOf returns the story of a token, with so many places, verdicts (the last ones) and
// reports of others at most. ErrLost says that there is no such token.
func StoryOf(ctx context.Context, q store.Querier, id string, most int) (*Story, error) {
	s := &Story{}
	var account string
	err := q.QueryRowContext(ctx, `select id, rule, mask, first_seen, status, reason, account, coalesce(checked, 0), open = 1, coalesce(due, 0),
		(select count(*) from finding where token = t.id), (select count(*) from verdict where token = t.id), (select count(*) from told where token = t.id)
		from token t where id = $1`, id).
		Scan(&s.ID, &s.Rule, &s.Mask, &s.FirstSeen, &s.Status, &s.Reason, &account, &s.Checked, &s.Open, &s.Due, &s.Rest.Places, &s.Rest.Verdicts, &s.Rest.Told)
	if err != nil {
		return nil, lost(err)
	}
	if err := json.Unmarshal([]byte(account), &s.Account); err != nil {
		return nil, err
	}
	s.Places, err = all(ctx, q, func(rows *sql.Rows) (p TokenPlace, err error) {
		var body string
		if err := rows.Scan(&p.URL, &p.FirstSeen, &p.Gone, &body); err != nil {
			return p, err
		}
		return p, json.Unmarshal([]byte(body), &p.Finding)
	}, `select r.url, f.first_seen, coalesce(f.gone, 0), f.body from finding f join repo r on r.id = f.repo where f.token = $1
		order by case when f.gone is null then 0 else 1 end, f.first_seen, r.url limit $2`, id, most)
	if err != nil {
		return nil, err
	}
	s.Verdicts, err = all(ctx, q, func(rows *sql.Rows) (v Verdict, err error) {
		return v, rows.Scan(&v.At, &v.Status, &v.Reason)
	}, `select at, status, reason from (select generation, at, status, reason from verdict where token = $1 order by generation desc limit $2) v order by generation`, id, most)
	if err != nil {
		return nil, err
	}
	s.Told, err = all(ctx, q, func(rows *sql.Rows) (t ToldPlace, err error) {
		return t, rows.Scan(&t.Source, &t.Kind, &t.URL, &t.At)
	}, `select source, kind, url, at from told where token = $1 order by at, source, kind, url limit $2`, id, most)
	s.Rest.Places -= int64(len(s.Places))
	s.Rest.Verdicts -= int64(len(s.Verdicts))
	s.Rest.Told -= int64(len(s.Told))
	return s, err
}

// QuestionOf returns the open question about a token. ErrLost says that there is none: it
// was refused twice, cannot be asked about, or was forgotten.
func QuestionOf(ctx context.Context, q store.Querier, token string) (Question, error) {
	about := Question{Token: token}
	err := q.QueryRowContext(ctx, `select generation from token where id = $1 and open = 1`, token).Scan(&about.Generation)
	return about, lost(err)
}

// Visited is a repository in a list.
type Visited struct {
	ID, URL, State, Error string
	Size                  Size
	Scanned               int64 // the last visit that went well, in milliseconds since 1970; 0: none
	Due                   int64 // likewise, the next one; 0: when its turn comes
	Failures              int64 // visits in a row that failed
	Public                bool
	Partly                bool  // something in it could not be read
	Tokens                int64 // that stand in it now
}

// troubled is 0 for a repository that a person may have to look at. The index repo_list has
// the same words.
const troubled = `(case when state in ('failed', 'aside') then 0 else 1 end)`

const visitedColumns = `select id, url, state, error, size, coalesce(scanned, 0), coalesce(due, 0), failures, public = 1, unread <> '[]',
	(select count(*) from finding f where f.repo = repo.id and f.gone is null) from repo`

func scanVisited(rows *sql.Rows) (v Visited, err error) {
	return v, rows.Scan(&v.ID, &v.URL, &v.State, &v.Error, &v.Size, &v.Scanned, &v.Due, &v.Failures, &v.Public, &v.Partly, &v.Tokens)
}

// RepoPage returns the repositories behind the cursor, whose At is 0 among those that
// have failed or were put aside, which come first, and 1 among the others; by URL.
func RepoPage(ctx context.Context, q store.Querier, after Cursor, limit int) ([]Visited, error) {
	var out []Visited
	for rank := int64(0); rank <= 1; rank++ {
		if rank < after.At || len(out) == limit {
			continue
		}
		behind := ""
		if rank == after.At {
			behind = after.ID
		}
		more, err := all(ctx, q, scanVisited, visitedColumns+` where `+troubled+` = $1 and url > $2 order by url limit $3`, rank, behind, limit-len(out))
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// Next is the cursor behind a repository.
func (v Visited) Next() Cursor {
	if v.State == Failed || v.State == Aside {
		return Cursor{0, v.URL}
	}
	return Cursor{1, v.URL}
}

// RepoOf returns a repository by its id. ErrLost says that there is none.
func RepoOf(ctx context.Context, q store.Querier, id string) (v Visited, err error) {
	found, err := all(ctx, q, scanVisited, visitedColumns+` where id = $1`, id)
	if err == nil && len(found) == 0 {
		return v, ErrLost
	}
	if err != nil {
		return v, err
	}
	return found[0], nil
}

// TokenNotice is a notice with what a list shows of its token.
type TokenNotice struct {
	Notice
	Mask   string
	Status report.Status
}

// NoticePage returns the notices in a state behind the cursor, those that are the longest
// in it first.
func NoticePage(ctx context.Context, q store.Querier, state string, after Cursor, limit int) ([]TokenNotice, error) {
	return all(ctx, q, func(rows *sql.Rows) (n TokenNotice, err error) {
		return n, rows.Scan(&n.ID, &n.Token, &n.Channel, &n.State, &n.Error, &n.Tries, &n.Since, &n.Due, &n.Mask, &n.Status)
	}, `select n.id, n.token, n.channel, n.state, n.error, n.tries, n.since, case when n.state = 'due' then n.due else 0 end, t.mask, t.status
		from notice n join token t on t.id = n.token where n.state = $1 and (n.since, n.id) > ($2, $3) order by n.since, n.id limit $4`, state, after.At, after.ID, limit)
}

// NoticeStates counts the notices by state.
func NoticeStates(ctx context.Context, q store.Querier) (map[string]int64, error) {
	return by(ctx, q, `select state, count(*) from notice group by state`)
}

// LastEntry is an entry of the log in a list.
type LastEntry struct {
	Entry
	ID string
}

// EntryPage returns the entries before the cursor, the newest first. At 0 is the end.
func EntryPage(ctx context.Context, q store.Querier, before Cursor, limit int) ([]LastEntry, error) {
	return all(ctx, q, func(rows *sql.Rows) (e LastEntry, err error) {
		return e, rows.Scan(&e.ID, &e.At, &e.Who, &e.Act, &e.Token, &e.Channel, &e.Why)
	}, `select id, at, who, act, coalesce(token, ''), channel, why from entry where cast($1 as bigint) = 0 or (at, id) < ($2, $3) order by at desc, id desc limit $4`,
		before.At, before.At, before.ID, limit)
}

// Pace is what was done since a time.
type Pace struct{ Visits, Answers, Findings int64 }

// PaceSince returns how many repositories were visited last, how many questions were
// answered, and how many tokens were found first, since a time.
func PaceSince(ctx context.Context, q store.Querier, since int64) (p Pace, err error) {
	err = q.QueryRowContext(ctx, `select (select count(*) from repo where scanned >= $1),
		(select count(*) from verdict where at >= $2), (select count(*) from token where first_seen >= $3)`, since, since, since).Scan(&p.Visits, &p.Answers, &p.Findings)
	return p, err
}
