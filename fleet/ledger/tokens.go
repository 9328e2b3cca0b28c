package ledger

import (
	"context"
	"database/sql"
	"encoding/json"

	"r8scan/fleet/store"
	"r8scan/report"
)

// Question is one question about a token, as jobs name it.
type Question struct {
	Token      string
	Generation int64
}

// Found records that a repository has a token. If the token is new and can be asked
// about, it returns the question to queue.
func Found(ctx context.Context, tx *sql.Tx, repo string, f report.Finding, askable bool, now int64) (*Question, error) {
	open := 0
	if askable {
		open = 1
	}
	n, err := changed(ctx, tx, `insert into token(id, rule, mask, first_seen, open, due) values($1, $2, $3, $4, $5, $6) on conflict(id) do nothing`,
		f.TokenID, f.Rule, f.Token, now, open, now)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, `insert into finding(repo, token, first_seen, body) values($1, $2, $3, $4)
		on conflict(repo, token) do update set gone = null, body = excluded.body`, repo, f.TokenID, now, string(body))
	if err != nil || n == 0 || !askable {
		return nil, err
	}
	return &Question{f.TokenID, 1}, nil
}

// Gone marks the findings of a repository, before Found unmarks those that are there.
func Gone(ctx context.Context, tx *sql.Tx, repo string, now int64) error {
	_, err := tx.ExecContext(ctx, `update finding set gone = $1 where repo = $2 and gone is null`, now, repo)
	return err
}

// Place is a repository that has a token.
type Place struct {
	Repo, URL, Host string
	Size            Size
}

// maxPlaces is in how many repositories a token is looked for to ask about it.
const maxPlaces = 3

// ClaimQuestion makes the worker the owner of a question, and returns where the token
// stands. ErrLost says that the question is over.
func ClaimQuestion(ctx context.Context, q store.Querier, about Question, worker string) (rule string, places []Place, err error) {
	err = q.QueryRowContext(ctx, `update token set owner = $1 where id = $2 and generation = $3 and open = 1 returning rule`,
		worker, about.Token, about.Generation).Scan(&rule)
	if err != nil {
		return "", nil, lost(err)
	}
	places, err = Stands(ctx, q, about.Token)
	return rule, places, err
}

// Stands returns where a token stands, the likeliest places first.
func Stands(ctx context.Context, q store.Querier, token string) ([]Place, error) {
	return all(ctx, q, func(rows *sql.Rows) (p Place, err error) {
		return p, rows.Scan(&p.Repo, &p.URL, &p.Host, &p.Size)
	}, `select r.id, r.url, r.host, r.size from finding f join repo r on r.id = f.repo where f.token = $1
		order by case when f.gone is null then 0 else 1 end, f.first_seen, r.id limit $2`, token, maxPlaces)
}

const (
	minute = int64(60_000) // milliseconds
	hour   = 60 * minute
	day    = 24 * hour
)

// next says when to ask again after an answer, in milliseconds. Replicate's answers can
// change until a token was refused twice.
func next(answers, refused, tries int64) int64 {
	switch {
	case tries > 0:
		return min(hour, 5_000<<(2*min(tries-1, 8)))
	case refused == 1, answers == 1:
		return hour
	case answers == 2:
		return 6 * hour
	}
	return day
}

// Answer records the answer to a question and returns the next question and when to ask
// it; nil if the token was refused twice. ErrLost says that the question is another's.
func Answer(ctx context.Context, tx *sql.Tx, about Question, worker string, a report.Verification, now int64) (*Question, int64, error) {
	clear, live := 0, 0
	switch a.Status {
	case report.StatusLive:
		clear, live = 1, 1
	case report.StatusRevoked:
		clear = 1
	}
	account, err := json.Marshal(a.Account)
	if err != nil {
		return nil, 0, err
	}
	var answers, refused, tries int64
	err = tx.QueryRowContext(ctx, `update token set generation = generation + 1, owner = null, checked = $1, reason = $2,
		status = case when cast($3 as bigint) = 1 or status not in ('live', 'revoked') then $4 else status end,
		account = case when cast($5 as bigint) = 1 then $6 else account end,
		answers = answers + cast($7 as bigint),
		refused = case when cast($8 as bigint) = 0 then refused when cast($9 as bigint) = 1 then 0 else refused + 1 end,
		tries = case when cast($10 as bigint) = 1 then 0 else tries + 1 end
		where id = $11 and generation = $12 and owner = $13 and open = 1 returning answers, refused, tries`,
		now, a.Reason, clear, string(a.Status), live, string(account), clear, clear, live, clear,
		about.Token, about.Generation, worker).Scan(&answers, &refused, &tries)
	if err != nil {
		return nil, 0, lost(err)
	}
	_, err = tx.ExecContext(ctx, `insert into verdict(token, generation, at, status, reason) values($1, $2, $3, $4, $5)`,
		about.Token, about.Generation, now, string(a.Status), a.Reason)
	if err != nil {
		return nil, 0, err
	}
	if refused >= 2 {
		_, err := tx.ExecContext(ctx, `update token set open = 0, due = null, sealed = null, sealed_to = '' where id = $1`, about.Token)
		return nil, 0, err
	}
	due := now + next(answers, refused, tries)
	_, err = tx.ExecContext(ctx, `update token set due = $1 where id = $2`, due, about.Token)
	return &Question{about.Token, about.Generation + 1}, due, err
}

// Reask replaces a question by one that is asked now. Generation 0 stands for any
// question about any open token. It returns the new questions.
func Reask(ctx context.Context, tx *sql.Tx, about Question, now int64) ([]Question, error) {
	return all(ctx, tx, func(rows *sql.Rows) (q Question, err error) {
		return q, rows.Scan(&q.Token, &q.Generation)
	}, `update token set generation = generation + 1, owner = null, due = $1, tries = 0
		where open = 1 and (cast($2 as bigint) = 0 or id = $3 and generation = $4) returning id, generation`,
		now, about.Generation, about.Token, about.Generation)
}

// AskNow is Reask for one token, whatever was asked last.
func AskNow(ctx context.Context, tx *sql.Tx, token string, now int64) ([]Question, error) {
	return all(ctx, tx, func(rows *sql.Rows) (q Question, err error) {
		return q, rows.Scan(&q.Token, &q.Generation)
	}, `update token set generation = generation + 1, owner = null, due = $1, tries = 0 where open = 1 and id = $2 returning id, generation`, now, token)
}

// Token is all that the fleet knows of a token, places aside.
type Token struct {
	ID        string          `json:"token_id"`
	Rule      string          `json:"rule"`
	Mask      string          `json:"token"`
	FirstSeen int64           `json:"first_seen"` // milliseconds since 1970
	Status    report.Status   `json:"status"`
	Reason    string          `json:"reason,omitempty"`
	Account   *report.Account `json:"account,omitempty"`
	Checked   int64           `json:"checked_at,omitempty"`    // likewise
	Open      bool            `json:"open"`                    // it is asked about again
	Due       int64           `json:"next_check_at,omitempty"` // likewise
	Places    []TokenPlace    `json:"places"`
	Told      []ToldPlace     `json:"told,omitempty"`
	Verdicts  []Verdict       `json:"verdicts"` // oldest first
}

// ToldPlace is where others say that a token stands.
type ToldPlace struct {
	Source string `json:"source"`        // github or gitlab
	Kind   string `json:"kind"`          // content, issue_comment, …
	URL    string `json:"url,omitempty"` // as they wrote it
	At     int64  `json:"at"`
}

// TokenPlace is a repository that has a token, or had it.
type TokenPlace struct {
	URL       string         `json:"repository"`
	FirstSeen int64          `json:"first_seen"`
	Gone      int64          `json:"gone,omitempty"` // since when a scan no longer finds it
	Finding   report.Finding `json:"-"`
}

// Verdict is one answer.
type Verdict struct {
	At     int64         `json:"at"`
	Status report.Status `json:"status"`
	Reason string        `json:"reason,omitempty"`
}

// Tokens returns all tokens with their places and verdicts, by id.
func Tokens(ctx context.Context, q store.Querier) ([]Token, error) {
	tokens, err := all(ctx, q, func(rows *sql.Rows) (t Token, err error) {
		var account string
		if err := rows.Scan(&t.ID, &t.Rule, &t.Mask, &t.FirstSeen, &t.Status, &t.Reason, &account, &t.Checked, &t.Open, &t.Due); err != nil {
			return t, err
		}
		t.Places, t.Verdicts = []TokenPlace{}, []Verdict{}
		return t, json.Unmarshal([]byte(account), &t.Account)
	}, `select id, rule, mask, first_seen, status, reason, account, coalesce(checked, 0), open = 1, coalesce(due, 0) from token order by id`)
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(tokens))
	for i, t := range tokens {
		at[t.ID] = i
	}
	_, err = all(ctx, q, func(rows *sql.Rows) (none struct{}, err error) {
		var id, body string
		var p TokenPlace
		if err := rows.Scan(&id, &p.URL, &p.FirstSeen, &p.Gone, &body); err != nil {
			return none, err
		}
		if i, ok := at[id]; ok {
			tokens[i].Places = append(tokens[i].Places, p)
			return none, json.Unmarshal([]byte(body), &tokens[i].Places[len(tokens[i].Places)-1].Finding)
		}
		return none, nil
	}, `select f.token, r.url, f.first_seen, coalesce(f.gone, 0), f.body from finding f join repo r on r.id = f.repo order by f.token, r.url`)
	if err != nil {
		return nil, err
	}
	_, err = all(ctx, q, func(rows *sql.Rows) (none struct{}, err error) {
		var id string
		var p ToldPlace
		if err := rows.Scan(&id, &p.Source, &p.Kind, &p.URL, &p.At); err != nil {
			return none, err
		}
		if i, ok := at[id]; ok {
			tokens[i].Told = append(tokens[i].Told, p)
		}
		return none, nil
	}, `select token, source, kind, url, at from told order by token, at, source, kind, url`)
	if err != nil {
		return nil, err
	}
	_, err = all(ctx, q, func(rows *sql.Rows) (none struct{}, err error) {
		var id string
		var v Verdict
		if err := rows.Scan(&id, &v.At, &v.Status, &v.Reason); err != nil {
			return none, err
		}
		if i, ok := at[id]; ok {
			tokens[i].Verdicts = append(tokens[i].Verdicts, v)
		}
		return none, nil
	}, `select token, at, status, reason from verdict order by token, generation`)
	return tokens, err
}
