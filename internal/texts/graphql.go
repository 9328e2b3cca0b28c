package texts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"r8scan/result"
)

// node is a text in an answer of the GraphQL API.
type node struct {
	ID      string `json:"id"`
	Number  int64  `json:"number"`
	Page    string `json:"url"`
	Title   string `json:"title"`
	Body    string `json:"body"`
	Updated string `json:"updatedAt"`
	Edited  string `json:"lastEditedAt"`
	Edits   struct {
		Total int `json:"totalCount"`
		Nodes []struct {
			Text    string `json:"diff"` // the whole text as the edit left it
			At      string `json:"editedAt"`
			Deleted string `json:"deletedAt"`
		} `json:"nodes"`
	} `json:"userContentEdits"`
	Renames struct {
		Total int `json:"totalCount"`
		Nodes []struct {
			At    string `json:"createdAt"`
			Title string `json:"previousTitle"`
		} `json:"nodes"`
	} `json:"timelineItems"`
	Reviews  *connection `json:"reviews"`
	Comments *connection `json:"comments"`
	Replies  *connection `json:"replies"`
}

// connection is a list in an answer.
type connection struct {
	Nodes []node `json:"nodes"`
	Page  struct {
		More bool   `json:"hasNextPage"`
		End  string `json:"endCursor"`
	} `json:"pageInfo"`
}

const (
	// markFields tell whether a text changed, or an earlier version was deleted.
	markFields = `id ... on Comment { updatedAt lastEditedAt userContentEdits(first: 100) { totalCount nodes { deletedAt } } }`
	renames    = `title timelineItems(itemTypes: [RENAMED_TITLE_EVENT], first: 100) { totalCount nodes { ... on RenamedTitleEvent { createdAt previousTitle } } }`
	// detailFields are a text with all that it was.
	detailFields = `id ... on Comment { body updatedAt lastEditedAt userContentEdits(first: 100) { totalCount nodes { diff editedAt deletedAt } } }` +
		` ... on Issue { ` + renames + ` } ... on PullRequest { ` + renames + ` } ... on Discussion { title }`
)

// mark tells versions of a text apart.
func (n *node) mark() string {
	mark := fmt.Sprintf("%s %s %d", n.Updated, n.Edited, n.Edits.Total)
	for _, e := range n.Edits.Nodes {
		if e.Deleted != "" {
			mark += " " + e.Deleted
		}
	}
	return mark
}

// now returns the parts of a text as they are now.
func (n *node) now() (parts []Part) {
	for _, p := range []Part{{"title", n.Title}, {"body", n.Body}} {
		if p.Text != "" {
			parts = append(parts, p)
		}
	}
	return parts
}

// earlier returns what the parts of a text were earlier. What GitHub does not give is
// named.
func (n *node) earlier(r *Reading, t *Text) (parts []Part) {
	for _, e := range n.Edits.Nodes {
		if e.Text != "" && e.Text != n.Body {
			parts = append(parts, Part{"body of " + e.At, e.Text})
		}
	}
	for _, e := range n.Renames.Nodes {
		if e.Title != "" {
			parts = append(parts, Part{"title before " + e.At, e.Title})
		}
	}
	if n.Edits.Total > len(n.Edits.Nodes) || n.Renames.Total > len(n.Renames.Nodes) {
		r.Visitor.Unread(t.Path, fmt.Sprintf("it was edited %d times, of which 100 were read", max(n.Edits.Total, n.Renames.Total)))
	}
	return parts
}

// query asks the GraphQL API. GraphQL's answers have no ETags.
func (c *Client) query(ctx context.Context, query string, variables map[string]any, data any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	var a *answer
	for range attempts {
		req, err := c.request(ctx, http.MethodPost, strings.TrimSuffix(c.API, "/v3")+"/graphql", body)
		if err != nil {
			return err
		}
		if a, err = c.answer(req); err != nil && !errors.Is(err, errHalf) {
			return err
		}
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if a == nil {
		return errHalf
	}
	var out struct {
		Data   json.RawMessage `json:"data"`
		Errors []struct {
			Type string `json:"type"`
		} `json:"errors"`
	}
	if err := decode(a.body, &out); err != nil {
		return err
	}
	for _, e := range out.Errors {
		switch e.Type {
		case "NOT_FOUND": // a text that is deleted is null
		case "RATE_LIMITED":
			return &stopError{limited}
		case "FORBIDDEN", "INSUFFICIENT_SCOPES":
			return &statusError{http.StatusForbidden}
		default:
			return errQuery
		}
	}
	if len(out.Data) == 0 || bytes.Equal(out.Data, []byte("null")) {
		return errQuery
	}
	return decode(out.Data, data)
}

var errQuery = errors.New("GitHub cannot answer the query now: try again later")

// batch is how many texts are asked for at once. Each may have a hundred versions.
const batch = 25

// nodes asks for texts by their ids. Those that are gone are left out.
func nodes(ctx context.Context, r *Reading, ids []string, fields string, take func(*node)) error {
	for len(ids) > 0 {
		n := min(batch, len(ids))
		if err := someNodes(ctx, r, ids[:n], fields, take); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// someNodes halves what is too much for one answer.
func someNodes(ctx context.Context, r *Reading, ids []string, fields string, take func(*node)) error {
	var data struct {
		Nodes []*node `json:"nodes"`
	}
	err := r.Client.query(ctx, `query($ids: [ID!]!) { nodes(ids: $ids) { `+fields+` } }`, map[string]any{"ids": ids}, &data)
	var status *statusError
	if n := len(ids) / 2; n > 0 && (errors.Is(err, errTooLarge) || errors.Is(err, errQuery) || errors.As(err, &status) && status.code >= 500) {
		if err := someNodes(ctx, r, ids[:n], fields, take); err != nil {
			return err
		}
		return someNodes(ctx, r, ids[n:], fields, take)
	}
	if err != nil {
		return err
	}
	for _, one := range data.Nodes {
		if one != nil && one.ID != "" {
			take(one)
		}
	}
	return ctx.Err()
}

const pageInfo = ` pageInfo { hasNextPage endCursor }`

// readReviews reads what reviews say as a whole. Their comments are in a list of their
// own.
func readReviews(ctx context.Context, r *Reading) error {
	const reviews = `reviews(first: 50, after: $inner) { nodes { id url updatedAt }` + pageInfo + ` }`
	const list = `query($owner: String!, $name: String!, $after: String, $inner: String) { repository(owner: $owner, name: $name) {
		list: pullRequests(first: 50, after: $after, orderBy: {field: CREATED_AT, direction: ASC}) { nodes { id number ` + reviews + ` }` + pageInfo + ` } } }`
	const rest = `query($id: ID!, $inner: String) { node(id: $id) { ... on PullRequest { id ` + reviews + ` } } }`
	l := listing{r: r, kinds: map[string]Entry{}}
	err := l.all(ctx, list, func(pr *node) error {
		return l.each(ctx, pr.ID, pr.Reviews, rest, "inner", func(n *node) *connection { return n.Reviews }, func(n *node) error {
			l.add(n, result.KindReview, fmt.Sprintf("pulls/%d/reviews/%s", pr.Number, fragment(n, "pullrequestreview-")))
			return nil
		})
	})
	return l.end(ctx, err, "pulls/")
}

// fragment returns the number of a text in the fragment of its page's URL; its id if
// there is none.
func fragment(n *node, prefix string) string {
	_, after, ok := strings.Cut(n.Page, "#"+prefix)
	if !ok {
		return n.ID
	}
	return after
}

// readDiscussions reads discussions, their comments, and the replies to these.
func readDiscussions(ctx context.Context, r *Reading) error {
	const replies = `replies(first: 50, after: $inmost) { nodes { id url updatedAt }` + pageInfo + ` }`
	const comments = `comments(first: 20, after: $inner) { nodes { id url updatedAt ` + replies + ` }` + pageInfo + ` }`
	const list = `query($owner: String!, $name: String!, $after: String, $inner: String, $inmost: String) { repository(owner: $owner, name: $name) {
		list: discussions(first: 20, after: $after, orderBy: {field: CREATED_AT, direction: ASC}) { nodes { id number url updatedAt ` + comments + ` }` + pageInfo + ` } } }`
	const moreComments = `query($id: ID!, $inner: String, $inmost: String) { node(id: $id) { ... on Discussion { id ` + comments + ` } } }`
	const moreReplies = `query($id: ID!, $inmost: String) { node(id: $id) { ... on DiscussionComment { id ` + replies + ` } } }`
	if !r.Client.LoggedIn {
		return errLogin
	}
	l := listing{r: r, kinds: map[string]Entry{}}
	err := l.all(ctx, list, func(d *node) error {
		at := fmt.Sprintf("discussions/%d", d.Number)
		l.add(d, result.KindDiscussion, at)
		add := func(n *node) {
			l.add(n, result.KindDiscussionComment, at+"/comments/"+fragment(n, "discussioncomment-"))
		}
		return l.each(ctx, d.ID, d.Comments, moreComments, "inner", func(n *node) *connection { return n.Comments }, func(c *node) error {
			add(c)
			return l.each(ctx, c.ID, c.Replies, moreReplies, "inmost", func(n *node) *connection { return n.Replies }, func(n *node) error {
				add(n)
				return nil
			})
		})
	})
	return l.end(ctx, err, "discussions/")
}

// listing reads a list of ids, and then the texts of those that changed since the last
// reading.
type listing struct {
	r     *Reading
	order []string
	kinds map[string]Entry // what is listed, by id
}

// all goes through the pages of a list.
func (l *listing) all(ctx context.Context, query string, take func(*node) error) error {
	if !l.r.Client.LoggedIn {
		return errLogin
	}
	after := any(nil)
	for range l.r.Client.pages() {
		var data struct {
			Repository *struct {
				List connection `json:"list"`
			} `json:"repository"`
		}
		err := l.r.Client.query(ctx, query, map[string]any{"owner": l.r.Owner, "name": l.r.Name, "after": after}, &data)
		switch {
		case err != nil:
			return err
		case data.Repository == nil:
			return &statusError{http.StatusNotFound}
		}
		list := data.Repository.List
		for i := range list.Nodes {
			if err := take(&list.Nodes[i]); err != nil {
				return err
			}
		}
		if !list.Page.More {
			return nil
		}
		after = list.Page.End
	}
	return errEndless
}

// each goes through a list in a node, of which the first page is there.
func (l *listing) each(ctx context.Context, id string, first *connection, query, cursor string, of func(*node) *connection, take func(*node) error) error {
	for range l.r.Client.pages() {
		if first == nil {
			return nil
		}
		for i := range first.Nodes {
			if err := take(&first.Nodes[i]); err != nil {
				return err
			}
		}
		if !first.Page.More {
			return nil
		}
		var data struct {
			Node *node `json:"node"`
		}
		if err := l.r.Client.query(ctx, query, map[string]any{"id": id, cursor: first.Page.End}, &data); err != nil {
			return err
		}
		if data.Node == nil { // deleted meanwhile
			return nil
		}
		first = of(data.Node)
	}
	return errEndless
}

func (l *listing) add(n *node, kind, path string) {
	if _, ok := l.kinds[n.ID]; !ok {
		l.order = append(l.order, n.ID)
	}
	l.kinds[n.ID] = Entry{Text: Text{Kind: kind, Path: path, URL: l.r.page(n.Page), Node: n.ID, Updated: n.Updated}}
}

// end reads the texts of what is listed, as far as an earlier reading does not know
// them. below is the folder of the texts, of which those are forgotten that are not
// listed any more.
func (l *listing) end(ctx context.Context, err error, below string) error {
	known, ask := map[string]Entry{}, []string{}
	var unknown []string
	for _, id := range l.order {
		was, ok := l.r.State.Nodes[id]
		switch {
		case !ok || !strings.HasPrefix(was.Mark, l.kinds[id].Text.Updated):
			unknown = append(unknown, id)
		case was.Found != nil || was.Again:
			known[id], ask = was, append(ask, id)
		}
	}
	if err == nil {
		for id, e := range l.r.State.Nodes {
			if _, ok := l.kinds[id]; !ok && strings.HasPrefix(e.Text.Path, below) {
				delete(l.r.State.Nodes, id)
			}
		}
	}
	later := l.r.revisitNodes(ctx, ask, known, l.r.State.Nodes, func(e Entry) string { return e.Text.Node })
	if later == nil {
		later = nodes(ctx, l.r, unknown, detailFields, func(n *node) { l.take(ctx, n) })
	}
	if err == nil {
		err = later
	}
	return err
}

// take hands a text to the visitor.
func (l *listing) take(ctx context.Context, n *node) {
	t := l.kinds[n.ID].Text
	t.Parts = append(n.now(), n.earlier(l.r, &t)...)
	found, ok := l.r.Visitor.Text(ctx, &t)
	l.r.fresh[t.key()] = true
	l.r.State.Nodes[n.ID] = Entry{Text: t, Mark: n.mark(), Found: found, Again: !ok}
}
