package lsp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sourcegraph/jsonrpc2"

	"r8scan/internal/fix"
	"r8scan/internal/git/gittest"
	"r8scan/rules"
)

var token = gittest.Token(1)

// client is an editor. It keeps all that the server sent.
type client struct {
	t      testing.TB
	conn   *jsonrpc2.Conn
	closes func()
	served chan error
	marks  chan publishParams
	shown  chan message

	mu   sync.Mutex
	sent bytes.Buffer
}

func (c *client) Handle(_ context.Context, _ *jsonrpc2.Conn, req *jsonrpc2.Request) {
	switch req.Method {
	case "textDocument/publishDiagnostics":
		var p publishParams
		if err := json.Unmarshal(*req.Params, &p); err == nil {
			c.marks <- p
		}
	case "window/showMessage":
		var m message
		if err := json.Unmarshal(*req.Params, &m); err == nil {
			c.shown <- m
		}
	}
}

// Write keeps what the server sends.
func (c *client) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent.Write(p)
}

type pipes struct {
	io.Reader
	io.WriteCloser
}

func dial(t testing.TB, opts Options) *client {
	toServer, fromClient := io.Pipe()
	toClient, fromServer := io.Pipe()
	c := &client{t: t, served: make(chan error, 1), marks: make(chan publishParams, 1000), shown: make(chan message, 100)}
	go func() {
		err := Serve(context.Background(), toServer, fromServer, opts)
		fromServer.Close()
		toServer.Close()
		c.served <- err
	}()
	c.closes = func() { fromClient.Close() }
	c.conn = jsonrpc2.NewConn(context.Background(),
		jsonrpc2.NewBufferedStream(pipes{io.TeeReader(toClient, c), fromClient}, jsonrpc2.VSCodeObjectCodec{}), c)
	t.Cleanup(func() {
		c.conn.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		if bytes.Contains(c.sent.Bytes(), []byte(token)) || rules.Redact(c.sent.String()) != c.sent.String() {
			t.Error("the server has sent a token")
		}
	})
	return c
}

// started is an editor with a workspace.
func started(t *testing.T, folders ...string) *client {
	c := dial(t, Options{MinConfidence: rules.Medium})
	list := []folder{}
	for _, f := range folders {
		list = append(list, folder{uriOf(f)})
	}
	c.call("initialize", map[string]any{"workspaceFolders": list, "capabilities": map[string]any{"workspace": map[string]any{"workspaceEdit": map[string]any{"documentChanges": true}}}}, nil)
	c.notify("initialized", map[string]any{})
	return c
}

func uriOf(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

func (c *client) call(method string, params, result any) {
	c.t.Helper()
	if err := c.conn.Call(context.Background(), method, params, result); err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
}

func (c *client) notify(method string, params any) {
	c.t.Helper()
	if err := c.conn.Notify(context.Background(), method, params); err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
}

func (c *client) open(uri, text string) {
	c.notify("textDocument/didOpen", documentParams{Document: textDocument{uri, 1, text}})
}

func (c *client) change(uri string, version int, changes ...change) {
	c.notify("textDocument/didChange", documentParams{Document: textDocument{URI: uri, Version: version}, Changes: changes})
}

// marked waits for the marks of a version.
func (c *client) marked(uri string, version int) []diagnostic {
	c.t.Helper()
	for {
		select {
		case p := <-c.marks:
			if p.URI == uri && p.Version == version {
				return p.Diagnostics
			}
		case <-c.conn.DisconnectNotify():
			c.t.Fatalf("the server has ended: %v", <-c.served)
		}
	}
}

// actions returns the code actions at a mark.
func (c *client) actions(uri string, at span) (all []codeAction) {
	c.t.Helper()
	c.call("textDocument/codeAction", map[string]any{"textDocument": folder{uri}, "range": at, "context": map[string]any{"diagnostics": []any{}}}, &all)
	return all
}

// done is the text after an action, by its title.
func done(t *testing.T, text string, all []codeAction, title string) string {
	t.Helper()
	i := slices.IndexFunc(all, func(a codeAction) bool { return strings.HasPrefix(a.Title, title) })
	if i < 0 {
		return ""
	}
	d := newDocument("", 1, text)
	edits := all[i].Edit.DocumentChanges[0].Edits
	slices.SortFunc(edits, func(a, b textEdit) int { return d.offset(b.Range.Start) - d.offset(a.Range.Start) })
	for _, e := range edits {
		d = d.changed(1, []change{{&e.Range, e.NewText}})
	}
	return string(d.text)
}

func TestTyping(t *testing.T) {
	c := started(t)
	uri := "untitled:app.py"
	c.open(uri, "# 😀\r\nkey = \"\"\r\n")
	if got := c.marked(uri, 1); len(got) != 0 {
		t.Fatalf("marks in an empty string: %v", got)
	}
	for i, letter := range token {
		at := position{1, 7 + i}
		c.change(uri, i+2, change{&span{at, at}, string(letter)})
	}
	got := c.marked(uri, 41)
	if len(got) != 1 || got[0].Range != (span{position{1, 7}, position{1, 47}}) || got[0].Severity != severityError || got[0].Source != "r8scan" || got[0].Code != "replicate-api-token" {
		t.Fatalf("%+v", got)
	}
	for _, part := range []string{token[:5] + strings.Repeat("*", 35), rules.NewSecret(token, 0).ID(), "environment variable", "replicate.com/account/api-tokens"} {
		if !strings.Contains(got[0].Message, part) {
			t.Errorf("%q lacks %q", got[0].Message, part)
		}
	}
	c.change(uri, 42, change{&span{position{0, 2}, position{0, 4}}, "😀😀 " + token})
	if got = c.marked(uri, 42); len(got) != 2 || got[0].Range != (span{position{0, 7}, position{0, 47}}) {
		t.Errorf("behind surrogate pairs: %+v", got)
	}
	c.change(uri, 43, change{&span{position{1, 0}, position{1, 0}}, "# r8scan:allow\r"})
	c.change(uri, 44, change{&span{position{1, 14}, position{2, 0}}, " "}, change{nil, "x = \"" + token + "\" # r8scan:allow: disabled\n"})
	if got = c.marked(uri, 44); len(got) != 0 {
		t.Errorf("an allowed token is marked: %+v", got)
	}
	c.change(uri, 45, change{nil, "x = \"" + token + "\"\n"})
	c.marked(uri, 45)
	c.notify("textDocument/didClose", documentParams{Document: textDocument{URI: uri}})
	if got = c.marked(uri, 45); len(got) != 0 {
		t.Errorf("a closed document has marks: %+v", got)
	}
}

func TestHoverAndActions(t *testing.T) {
	c := started(t)
	text := "import replicate\n\nclient = replicate.Client(api_token=\"" + token + "\")\n"
	c.open("untitled:app.py", text)
	at := c.marked("untitled:app.py", 1)[0].Range
	var h *hover
	c.call("textDocument/hover", hoverParams{textDocument{URI: "untitled:app.py"}, at.End}, &h)
	if h == nil || h.Range != at || !strings.Contains(h.Contents.Value, `Write os.environ["REPLICATE_API_TOKEN"] instead`) || !strings.Contains(h.Contents.Value, "\n- ") || h.Contents.Kind != "plaintext" {
		t.Errorf("%+v", h)
	}
	h = nil
	c.call("textDocument/hover", hoverParams{textDocument{URI: "untitled:app.py"}, position{}}, &h)
	if h != nil {
		t.Errorf("a hover beside the token: %+v", h)
	}
	if got := c.actions("untitled:app.py", span{}); len(got) > 0 {
		t.Errorf("actions beside the token: %+v", got)
	}
	var none []codeAction
	c.call("textDocument/codeAction", map[string]any{"textDocument": folder{"untitled:app.py"}, "range": at, "context": map[string]any{"only": []string{"refactor"}}}, &none)
	if len(none) > 0 {
		t.Errorf("actions of another kind: %+v", none)
	}
	all := c.actions("untitled:app.py", at)
	if got := done(t, text, all, "Replace"); got != "import os\nimport replicate\n\nclient = replicate.Client(api_token=os.environ[\"REPLICATE_API_TOKEN\"])\n" {
		t.Errorf("replaced: %q", got)
	}
	if got := done(t, text, all, "Allow"); got != strings.Replace(text, "\")\n", "\")  # r8scan:allow\n", 1) && got != strings.Replace(text, "\")\n", "\") # r8scan:allow\n", 1) {
		t.Errorf("allowed: %q", got)
	}
	if v := all[0].Edit.DocumentChanges[0].Document.Version; v != 1 {
		t.Errorf("the edit is for version %d", v)
	}
}

// TestActions: a token is replaced where fix does it, and allowed where a comment can
// stand. ~ is a token, and ^ another one.
func TestActions(t *testing.T) {
	c := started(t)
	for i, e := range []struct{ name, text, replaced, allowed string }{
		{"a.go", "package a\r\n\r\nvar k = \"~\"\r\n", "package a\r\n\r\nimport \"os\"\r\n\r\nvar k = os.Getenv(\"REPLICATE_API_TOKEN\")\r\n", "package a\r\n\r\nvar k = \"~\" // r8scan:allow\r\n"},
		{"b.go", "package a\n\n// ~\n", "package a\n\n// REPLICATE_API_TOKEN\n", "package a\n\n// ~ r8scan:allow\n"},
		{"c.py", "a = \"\"\"\n~\n\"\"\"\n", "import os\n\na = f\"\"\"\n{os.environ['REPLICATE_API_TOKEN']}\n\"\"\"\n", ""},
		{"d.json", `{"token": "~"}`, "", ""},
		{"e.sh", "curl -H \"Token ~\" \\\n x\n", "curl -H \"Token ${REPLICATE_API_TOKEN}\" \\\n x\n", ""},
		{"f.sh", "export A='~'\n", "export A=\"$REPLICATE_API_TOKEN\"\n", "export A='~' # r8scan:allow\n"},
		{"compose.yml", "services:\n  app:\n    environment:\n      A: ~\n", "services:\n  app:\n    environment:\n      A: ${REPLICATE_API_TOKEN:?}\n", "services:\n  app:\n    environment:\n      A: ~ # r8scan:allow\n"},
		{"g.py", "f('~', '^')\n", "", "f('~', '^') # r8scan:allow\n"},
		{"h.js", "const a = '~'; // 😀 x", "const a = process.env.REPLICATE_API_TOKEN; // 😀 x", "const a = '~'; // 😀 x r8scan:allow"},
		{"i.tf", "provider \"x\" {\n  token = \"~\"\n}\n", "", "provider \"x\" {\n  token = \"~\" # r8scan:allow\n}\n"},
		{"Dockerfile", "FROM a\nENV A=~\n", "", ""},
	} {
		fill := strings.NewReplacer("~", token, "^", gittest.Token(2)).Replace
		uri := fmt.Sprintf("untitled:%s", e.name)
		c.open(uri, fill(e.text))
		marks := c.marked(uri, 1)
		if len(marks) == 0 {
			t.Errorf("%d %s: no marks", i, e.name)
			continue
		}
		all := c.actions(uri, marks[0].Range)
		if got := done(t, fill(e.text), all, "Replace"); e.name != "Dockerfile" && got != fill(e.replaced) {
			t.Errorf("%s: replaced: %q", e.name, rules.Redact(got))
		}
		if got := done(t, fill(e.text), all, "Allow"); got != fill(e.allowed) {
			t.Errorf("%s: allowed: %q", e.name, rules.Redact(got))
		}
	}
}

// TestRepeats: edits that would write a credential are not offered.
func TestRepeats(t *testing.T) {
	f := found{matches: []rules.Match{{Secret: rules.NewSecret("hunter2hunter2", 0)}}}
	for text, want := range map[string]bool{"import os\n": false, "b='" + token + "'": true, "password hunter2hunter2": true} {
		if got := f.repeats([]fix.Edit{{Text: "x"}, {Text: text}}); got != want {
			t.Errorf("%q: %v", rules.Redact(text), got)
		}
	}
}

// TestWorkspace: what a folder's configuration allows is not marked, and what git
// ignores is information.
func TestWorkspace(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	other := gittest.Token(2)
	write(".r8scan.yaml", "exclude: [testdata]\nallow:\n  - id: "+rules.NewSecret(other, 0).ID()+"\n    reason: disabled\n")
	write("testdata/a", "")
	c := started(t, dir)
	marks := func(name, text string) []diagnostic {
		t.Helper()
		c.open(uriOf(filepath.Join(dir, name)), text)
		return c.marked(uriOf(filepath.Join(dir, name)), 1)
	}
	if got := marks("a.py", "a='"+token+"'\nb='"+other+"'\n"); len(got) != 1 || got[0].Range.Start.Line != 0 {
		t.Errorf("with an allowed token: %+v", got)
	}
	if got := marks("testdata/a.py", token); len(got) != 0 {
		t.Errorf("in an excluded folder: %+v", got)
	}
	write(".git/HEAD", "ref: refs/heads/main\n")
	write(".git/objects/x", "")
	write(".git/refs/x", "")
	write(".gitignore", ".env\n")
	if got := marks(".env", "REPLICATE_API_TOKEN="+token+"\n"); len(got) != 1 || got[0].Severity != severityInformation || !strings.Contains(got[0].Message, "git ignores the file") {
		t.Errorf("in an ignored file: %+v", got)
	}
	if got := marks("env", "REPLICATE_API_TOKEN="+token+"\n"); len(got) != 1 || got[0].Severity != severityError {
		t.Errorf("in a file that git does not ignore: %+v", got)
	}
	write(".r8scan.yaml", "verify: true # "+token+"\n")
	if got := marks("b.py", other); len(got) != 1 {
		t.Errorf("with a wrong configuration: %+v", got)
	}
	if m := <-c.shown; !strings.Contains(m.Message, "no file can switch verification on") || m.Type != severityWarning {
		t.Errorf("%+v", m)
	}
	write(".r8scan.yaml", "")
	c.notify("textDocument/didSave", documentParams{Document: textDocument{URI: uriOf(filepath.Join(dir, ".r8scan.yaml"))}})
	if got := c.marked(uriOf(filepath.Join(dir, "testdata/a.py")), 1); len(got) != 1 {
		t.Errorf("after the configuration was saved: %+v", got)
	}
}

// TestOutside: no file outside of the workspace is opened, whatever the URI. Its text
// is marked all the same.
func TestOutside(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	allow := "allow:\n  - id: " + rules.NewSecret(token, 0).ID() + "\n    reason: mine\n"
	if err := os.WriteFile(filepath.Join(out, ".r8scan.yaml"), []byte(allow), 0o644); err != nil {
		t.Fatal(err)
	}
	hostile := []string{
		uriOf(filepath.Join(out, "a.py")), uriOf(dir) + "/../" + filepath.Base(out) + "/a.py", "https://example.com/a.py", "file://example.com" + filepath.ToSlash(out) + "/a.py",
		"untitled:../../etc/passwd", "file:a.py", "file:///%00", "%zz", "", "data:text/plain,a", "vscode-notebook-cell:" + filepath.ToSlash(out) + "/a.py#1", "file:////server/share/a.py",
	}
	if err := os.Symlink(out, filepath.Join(dir, "link")); err == nil {
		hostile = append(hostile, uriOf(filepath.Join(dir, "link", "a.py")))
	}
	for _, uri := range hostile {
		if p := placeOf(uri, []string{folderPath(uriOf(dir))}); p.path != "" || p.root != "" {
			t.Errorf("%s leads to %q", uri, p.path)
		}
	}
	if got := folderPath("https://example.com" + filepath.ToSlash(out)); got != "" {
		t.Errorf("a folder that is not on this machine: %q", got)
	}
	c := started(t, dir)
	for _, uri := range hostile {
		c.open(uri, "key='"+token+"'")
		if got := c.marked(uri, 1); len(got) != 1 {
			t.Errorf("%s: %+v", uri, got)
		}
	}
	named := uriOf(filepath.Join(dir, token+".txt"))
	c.open(named, token)
	if m := <-c.shown; !strings.Contains(m.Message, "rename the file") {
		t.Errorf("%+v", m)
	}
	c.change(named, 2, change{nil, "x"}) // is not known
	c.open("untitled:b", "")
	c.marked("untitled:b", 1)
}

func TestLargeDocument(t *testing.T) {
	c := started(t)
	line := strings.Repeat("x", 99) + "\n"
	uri := "untitled:large"
	c.open(uri, strings.Repeat(line, 5<<20/len(line)))
	c.marked(uri, 1)
	const far = 50000
	for i := range 100 {
		at := position{far, i}
		c.change(uri, i+2, change{&span{at, at}, " "})
	}
	c.change(uri, 200, change{&span{position{far, 0}, position{far, 199}}, "key=" + token})
	if got := c.marked(uri, 200); len(got) != 1 || got[0].Range != (span{position{far, 4}, position{far, 44}}) {
		t.Errorf("%+v", got)
	}
	c.change(uri, 201, change{nil, strings.Repeat("key="+gittest.Token(3)+"\n", 20000)})
	if got := c.marked(uri, 201); len(got) != maxMarks {
		t.Errorf("%d marks in a text of tokens", len(got))
	}
	long := newDocument(uri, 1, strings.Repeat(line, maxText/len(line)+1))
	if got := (found{}).diagnostics(long); len(got) != 1 || got[0].Severity != severityInformation || !strings.Contains(got[0].Message, "16 MB") {
		t.Errorf("%+v", got)
	}
}

// TestManyActions: a selection of many tokens has actions for the first ones.
func TestManyActions(t *testing.T) {
	c := started(t)
	c.open("untitled:a.py", strings.Repeat("f('"+token+"')\n", 500))
	c.marked("untitled:a.py", 1)
	if got := c.actions("untitled:a.py", span{position{0, 0}, position{500, 0}}); len(got) != 2*maxOffered {
		t.Errorf("%d actions", len(got))
	}
}

// TestReopened: the marks of a text that is opened again are not taken away by its
// closing.
func TestReopened(t *testing.T) {
	c := started(t)
	for v := 1; v < 200; v += 2 {
		c.notify("textDocument/didOpen", documentParams{Document: textDocument{"untitled:a", v, token}})
		c.notify("textDocument/didClose", documentParams{Document: textDocument{URI: "untitled:a"}})
	}
	c.notify("textDocument/didOpen", documentParams{Document: textDocument{"untitled:a", 200, token}})
	if got := c.marked("untitled:a", 200); len(got) != 1 {
		t.Errorf("%+v", got)
	}
	c.call("shutdown", nil, nil)
	select {
	case p := <-c.marks:
		t.Errorf("then come %+v", p)
	default:
	}
}

func TestPieces(t *testing.T) {
	text := strings.Repeat(strings.Repeat("y", 1000)+"="+token+"\n", 600)
	got, err := scan(context.Background(), newDocument("", 1, text), place{}, Options{MinConfidence: rules.Medium})
	want := rules.Default().Find(nil, []byte(text), 0, len(text))
	if err != nil || len(got.marks) != len(want) || len(want) != 600 {
		t.Errorf("%d marks, want %d, %v", len(got.marks), len(want), err)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := scan(ctx, newDocument("", 1, token), place{}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a scan that nobody wants: %v", err)
	}

	// An answer that is cancelled while it is made is not sent.
	in, _ := io.Pipe()
	answers, out := io.Pipe()
	s := &server{open: map[string]*openText{"u": {newDocument("u", 1, ""), func() {}}}, running: map[jsonrpc2.ID]context.CancelFunc{}, initialized: true}
	conn := jsonrpc2.NewConn(context.Background(), newStream(in, out), s)
	defer conn.Close()
	asked := make(chan bool)
	s.answer(context.Background(), conn, jsonrpc2.ID{Num: 7}, "u", func(found, *document, place) any {
		<-asked
		return nil
	})
	params := json.RawMessage(`{"id":7}`)
	s.Handle(context.Background(), conn, &jsonrpc2.Request{Method: "$/cancelRequest", Notif: true, Params: &params})
	close(asked)
	var answer struct {
		ID    int
		Error struct{ Code int }
	}
	if err := newStream(answers, nil).ReadObject(&answer); err != nil || answer.ID != 7 || answer.Error.Code != codeCancelled {
		t.Errorf("%+v, %v", answer, err)
	}
}

// TestOldVersions: each text that comes in ends the scan of the one before, and the
// marks that come last are those of the last version.
func TestOldVersions(t *testing.T) {
	c := started(t)
	c.open("untitled:a", "")
	for v := 2; v < 300; v++ {
		text := ""
		if v%2 == 1 {
			text = token
		}
		c.change("untitled:a", v, change{nil, text})
	}
	last := 0
	for last != 299 {
		p := <-c.marks
		if p.Version < last {
			t.Fatalf("version %d comes behind %d", p.Version, last)
		}
		last = p.Version
		if has := last > 1 && last%2 == 1; len(p.Diagnostics) == 1 != has {
			t.Fatalf("version %d has %d marks", last, len(p.Diagnostics))
		}
	}
}

func TestLifecycle(t *testing.T) {
	code := func(err error) int64 {
		var e *jsonrpc2.Error
		if !errors.As(err, &e) {
			return 0
		}
		return e.Code
	}
	c := dial(t, Options{})
	ctx := context.Background()
	if err := c.conn.Call(ctx, "textDocument/hover", hoverParams{}, nil); code(err) != codeNotInitialized {
		t.Errorf("before initialize: %v", err)
	}
	if err := c.conn.Call(ctx, "initialize", []int{1}, nil); code(err) != jsonrpc2.CodeInvalidParams {
		t.Errorf("with wrong parameters: %v", err)
	}
	c.call("initialize", map[string]any{"processId": 1, "rootUri": nil, "capabilities": map[string]any{}, "initializationOptions": map[string]any{"apiUrl": "https://example.com"}}, nil)
	for method, want := range map[string]int64{"initialize": jsonrpc2.CodeInvalidRequest, "workspace/" + token: jsonrpc2.CodeMethodNotFound, "textDocument/hover": jsonrpc2.CodeInvalidParams} {
		if err := c.conn.Call(ctx, method, []string{token}, nil); code(err) != want {
			t.Errorf("%s: %v", method, err)
		}
	}
	c.notify("$/unknown", token)
	c.notify("textDocument/didChange", []string{token})
	c.change("untitled:unknown", 1, change{nil, token})
	c.call("shutdown", nil, nil)
	if err := c.conn.Call(ctx, "textDocument/hover", hoverParams{}, nil); code(err) != jsonrpc2.CodeInvalidRequest {
		t.Errorf("after shutdown: %v", err)
	}
	c.notify("exit", nil)
	if err := <-c.served; err != nil {
		t.Errorf("after shutdown and exit: %v", err)
	}

	c = started(t)
	c.notify("exit", nil)
	if err := <-c.served; !errors.Is(err, ErrNoShutdown) {
		t.Errorf("exit without shutdown: %v", err)
	}
	c = started(t)
	c.closes()
	if err := <-c.served; !errors.Is(err, ErrNoShutdown) {
		t.Errorf("the end of the input without shutdown: %v", err)
	}
	c = started(t)
	c.call("shutdown", nil, nil)
	c.closes()
	if err := <-c.served; err != nil {
		t.Errorf("the end of the input after shutdown: %v", err)
	}
}

// TestMalformedFrames ends with an error that repeats nothing.
func TestMalformedFrames(t *testing.T) {
	for in, want := range map[string]string{
		"Content-Length: 5\r\n\r\n{":                                "unexpected EOF",
		"Content-Length: x\r\n\r\n{}":                               "is no number",
		"Content-Length: -1\r\n\r\n{}":                              "is no number",
		"Content-Length: 999999999999\r\n\r\n{}":                    "more than 128 MB",
		"Content-Length: 99999999999999999999999\r\n\r\n{}":         "is no number",
		"Content-Type: a\r\n\r\n{}":                                 "no Content-Length",
		"\r\n":                                                      "no Content-Length",
		"{}\r\n":                                                    "has no colon",
		strings.Repeat("x", 5000):                                   "too long",
		"Content-Length: 2":                                         "unexpected EOF",
		"Content-Length: 2\r\n\r\n{}":                               "is no message",
		"Content-Length: 4\r\n\r\nnull":                             "is no message",
		fmt.Sprintf("Content-Length: 40\r\n\r\n%s", token):          "is no message",
		fmt.Sprintf("Content-Length: 42\r\n\r\n\"%s\"", token):      "is no message",
		"content-length : 15\n\n{\"method\":\"x\"}\nContent-Length": "unexpected EOF",
	} {
		var out bytes.Buffer
		err := Serve(context.Background(), strings.NewReader(in), &out, Options{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), token) || out.Len() > 0 {
			t.Errorf("%q: %v, want %q", rules.Redact(in), err, want)
		}
	}
}

// FuzzServe: no input makes the server fail in another way than by an error, or send
// a token.
func FuzzServe(f *testing.F) {
	frame := func(text string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text), text) }
	f.Add(frame(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}`) +
		frame(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"untitled:a.py","text":"k='`+token+`'"}}}`) +
		frame(`{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"untitled:a.py","version":2},"contentChanges":[{"range":{"start":{"line":0,"character":1},"end":{"line":0,"character":1}},"text":"x"}]}}`) +
		frame(`{"jsonrpc":"2.0","id":2,"method":"textDocument/codeAction","params":{"textDocument":{"uri":"untitled:a.py"},"range":{"start":{"line":0,"character":0},"end":{"line":9,"character":0}}}}`) +
		frame(`{"jsonrpc":"2.0","id":3,"method":"shutdown"}`) + frame(`{"jsonrpc":"2.0","method":"exit"}`))
	f.Fuzz(func(t *testing.T, in string) {
		out := &client{t: t}
		_ = Serve(context.Background(), strings.NewReader(in), out, Options{}) // an error is fine
		out.mu.Lock()
		defer out.mu.Unlock()
		if bytes.Contains(out.sent.Bytes(), []byte(token)) {
			t.Error("the server has sent a token")
		}
	})
}
