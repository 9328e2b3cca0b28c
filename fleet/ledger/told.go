package ledger

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"r8scan/fleet/store"
	"r8scan/report"
)

// Told is where others say that a token stands.
type Told struct {
	Token, Rule, Mask string
	Source            string // github or gitlab
	Kind              string // content, issue_comment, …
	URL               string // for people; it may be ""
}

// maxTold is how many places others can name for one token.
const maxTold = 1000

// Tell records what others say of a token, and the token, which is nowhere else to be
// found again. It returns the question to queue now: if the token is new, or if nobody
// could ask about it until now.
func Tell(ctx context.Context, tx *sql.Tx, t Told, sealed Sealed, now int64) (*Question, error) {
	isNew, err := changed(ctx, tx, `insert into token(id, rule, mask, first_seen, open, due) values($1, $2, $3, $4, 1, $5) on conflict(id) do nothing`,
		t.Token, t.Rule, t.Mask, now, now)
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, `insert into told(token, source, kind, url, at)
		select cast($1 as text), cast($2 as text), cast($3 as text), cast($4 as text), cast($5 as bigint)
		where (select count(*) from told where token = $6) < $7 on conflict(token, source, kind, url) do nothing`,
		t.Token, t.Source, t.Kind, t.URL, now, t.Token, maxTold)
	if err != nil {
		return nil, err
	}
	wants, err := Wants(ctx, tx, sealed.Token, sealed.Key)
	if err != nil || !wants {
		return nil, err
	}
	if err := Seal(ctx, tx, sealed); err != nil {
		return nil, err
	}
	if isNew == 1 {
		return &Question{t.Token, 1}, nil
	}
	return reaskUnanswered(ctx, tx, t.Token, now)
}

// ToldBefore returns what a source has told of some tokens already, and what needs no
// writing: they are sealed to the key, or closed.
func ToldBefore(ctx context.Context, q store.Querier, source, key string, tokens []string) (map[Told]bool, error) {
	list, args := places(tokens)
	n := len(tokens)
	before := map[Told]bool{}
	_, err := all(ctx, q, func(rows *sql.Rows) (none struct{}, err error) {
		t := Told{Source: source}
		err = rows.Scan(&t.Token, &t.Rule, &t.Mask, &t.Kind, &t.URL)
		before[t] = true
		return none, err
	}, `select t.id, t.rule, t.mask, told.kind, told.url from told join token t on t.id = told.token
		where told.token in (`+list+`) and told.source = $`+strconv.Itoa(n+1)+` and (t.open = 0 or t.sealed_to = $`+strconv.Itoa(n+2)+`)`, append(args, source, key)...)
	return before, err
}

// reaskUnanswered replaces the question about a token that has failed, if there is no
// clear answer yet: now that the token is sealed, it may go well.
func reaskUnanswered(ctx context.Context, tx *sql.Tx, token string, now int64) (*Question, error) {
	old := Question{Token: token}
	err := tx.QueryRowContext(ctx, `select generation from token where id = $1 and open = 1 and tries > 0 and status not in ('live', 'revoked')`, token).Scan(&old.Generation)
	if lost(err) == ErrLost {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	questions, err := Reask(ctx, tx, old, now)
	if err != nil || len(questions) == 0 {
		return nil, err
	}
	return &questions[0], nil
}

// Outcome is what became of a token.
type Outcome struct {
	Status   report.Status
	Disabled bool // the operator's endpoint has acknowledged that
}

// outcomesMost is how many tokens one query asks for.
const outcomesMost = 500

// Outcomes returns what became of tokens, by id. One that is not there was forgotten.
func Outcomes(ctx context.Context, q store.Querier, tokens []string) (map[string]Outcome, error) {
	out := make(map[string]Outcome, len(tokens))
	for len(tokens) > 0 {
		n := min(len(tokens), outcomesMost)
		list, args := places(tokens[:n])
		tokens = tokens[n:]
		_, err := all(ctx, q, func(rows *sql.Rows) (none struct{}, err error) {
			var id string
			var o Outcome
			err = rows.Scan(&id, &o.Status, &o.Disabled)
			out[id] = o
			return none, err
		}, `select id, status, exists(select 1 from notice n where n.token = t.id and n.channel = 'disable' and n.state = 'sent')
			from token t where id in (`+list+`)`, args...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// places returns the placeholders of a list, and its values as arguments.
func places(values []string) (list string, args []any) {
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = "$" + strconv.Itoa(i+1)
		args = append(args, v)
	}
	return strings.Join(marks, ", "), args
}
