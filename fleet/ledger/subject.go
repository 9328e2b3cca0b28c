package ledger

import (
	"context"
	"database/sql"
	"encoding/json"

	"r8scan/fleet/store"
	"r8scan/report"
	"r8scan/result"
)

// Subject is what a notice tells about a token.
type Subject struct {
	Token    string
	Rule     string
	Mask     string
	Status   report.Status
	Open     bool
	Checked  int64 // milliseconds since 1970; 0: never
	Account  *report.Account
	Disabled int64        // when the operator's endpoint has disabled it; 0 if it has not
	Waits    bool         // it is being disabled, or another token of its account is
	Places   []PublicSpot // the oldest repository first
}

// PublicSpot is a place that everybody can read.
type PublicSpot struct {
	First    int64           // when the fleet first saw the token there
	Location result.Location // Repository is its URL; only the URL, if others have told it
}

// maxSpots is how many places a notice tells.
const maxSpots = 50

// About returns what a notice tells about a token. ErrLost says that it was forgotten.
func About(ctx context.Context, q store.Querier, token string) (s Subject, err error) {
	var account string
	err = q.QueryRowContext(ctx, `select id, rule, mask, status, open = 1, coalesce(checked, 0), account,
		coalesce((select since from notice n where n.token = t.id and channel = 'disable' and state = 'sent'), 0),
		exists(select 1 from notice n join token o on o.id = n.token where n.channel = 'disable' and n.state in ('due', 'sending')
			and (o.id = t.id or o.account = t.account and o.account <> 'null'))
		from token t where id = $1`, token).Scan(&s.Token, &s.Rule, &s.Mask, &s.Status, &s.Open, &s.Checked, &account, &s.Disabled, &s.Waits)
	if err != nil {
		return s, lost(err)
	}
	if err := json.Unmarshal([]byte(account), &s.Account); err != nil {
		return s, err
	}
	_, err = all(ctx, q, func(rows *sql.Rows) (none struct{}, err error) {
		var first int64
		var url, body string
		var f report.Finding
		if err := rows.Scan(&first, &url, &body); err != nil {
			return none, err
		}
		if err := json.Unmarshal([]byte(body), &f); err != nil {
			return none, err
		}
		for _, l := range f.Locations {
			l.Repository = url
			s.Places = append(s.Places, PublicSpot{first, l})
		}
		return none, nil
	}, `select f.first_seen, r.url, f.body from finding f join repo r on r.id = f.repo where f.token = $1 and r.public = 1 order by f.first_seen, r.id limit $2`, token, maxSpots)
	if err != nil {
		return s, err
	}
	told, err := all(ctx, q, func(rows *sql.Rows) (p PublicSpot, err error) {
		return p, rows.Scan(&p.First, &p.Location.URL, &p.Location.Kind)
	}, `select at, url, kind from told where token = $1 order by at, url limit $2`, token, maxSpots)
	s.Places = append(s.Places, told...)
	s.Places = s.Places[:min(len(s.Places), maxSpots)]
	return s, err
}
