// Package lsp is a language server: it marks credentials in the texts that an editor
// has open, as they are typed, and says what to do.
//
// It reads texts from the editor only, never from disk. Of the workspace's folders it
// reads the configuration of r8scan and what git ignores and tracks. It ignores the
// client's options, logs nothing, and no message has a credential.
package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"slices"
	"sync"

	"github.com/sourcegraph/jsonrpc2"

	"r8scan/internal/door"
	"r8scan/rules"
)

// Options say what is marked.
type Options struct {
	Version          string // of this program
	Rules            *rules.Set
	MinConfidence    rules.Confidence
	Config, Baseline string // files that the user named; "" for none
}

// ErrNoShutdown means that the client ended without a shutdown before.
var ErrNoShutdown = errors.New("the client has ended without a shutdown")

// Serve serves one client until it ends.
func Serve(ctx context.Context, in io.Reader, out io.Writer, opts Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &server{opts: opts, open: map[string]*openText{}, running: map[jsonrpc2.ID]context.CancelFunc{}}
	st := newStream(in, out)
	conn := jsonrpc2.NewConn(ctx, st, s, jsonrpc2.SetLogger(log.New(io.Discard, "", 0))) // its errors may repeat what was sent
	<-conn.DisconnectNotify()
	s.mu.Lock()
	defer s.mu.Unlock()
	err := st.ended()
	switch over := s.exited || errors.Is(err, io.EOF); {
	case over && s.down:
		return nil
	case over:
		return ErrNoShutdown
	case err != nil:
		return fmt.Errorf("read a message of the editor: %w", err)
	}
	return ctx.Err()
}

// server is the state of one connection.
type server struct {
	opts Options

	publishing sync.Mutex // held from the last look at a context until the marks are sent; taken after mu

	mu          sync.Mutex // guards what follows
	initialized bool
	down        bool // shutdown was asked for
	exited      bool
	versions    bool // the client takes edits of a version
	folders     []string
	open        map[string]*openText
	running     map[jsonrpc2.ID]context.CancelFunc
	told        string // the last trouble that was shown
}

// openText is an open document.
type openText struct {
	*document
	stop context.CancelFunc // ends the scan of this version
}

// Handle takes the messages one by one, in order. Changes count at once; scans and
// answers run beside.
func (s *server) Handle(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request) {
	if req.Notif {
		s.notified(ctx, conn, req)
		return
	}
	s.mu.Lock()
	initialized, down := s.initialized, s.down
	s.mu.Unlock()
	switch {
	case down:
		s.refuse(ctx, conn, req.ID, jsonrpc2.CodeInvalidRequest, "the server is shut down")
	case req.Method == "initialize" && initialized:
		s.refuse(ctx, conn, req.ID, jsonrpc2.CodeInvalidRequest, "the server is initialized already")
	case req.Method == "initialize":
		var p initializeParams
		if s.params(ctx, conn, req, &p) {
			s.initialize(p)
			s.reply(ctx, conn, req.ID, capabilities(s.opts.Version))
		}
	case !initialized:
		s.refuse(ctx, conn, req.ID, codeNotInitialized, "the server is not initialized")
	case req.Method == "shutdown":
		s.mu.Lock()
		s.down = true
		s.mu.Unlock()
		s.reply(ctx, conn, req.ID, nil)
	default:
		s.asked(ctx, conn, req)
	}
}

// asked takes a request about a document.
func (s *server) asked(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request) {
	switch req.Method {
	case "textDocument/hover":
		var p hoverParams
		if s.params(ctx, conn, req, &p) {
			s.answer(ctx, conn, req.ID, p.Document.URI, func(f found, d *document, at place) any { return f.hoverAt(d, at, p.Position) })
		}
	case "textDocument/codeAction":
		var p actionParams
		if s.params(ctx, conn, req, &p) {
			s.answer(ctx, conn, req.ID, p.Document.URI, func(f found, d *document, at place) any {
				if only := p.Context.Only; len(only) > 0 && !slices.Contains(only, quickFix) && !slices.Contains(only, "") {
					return []codeAction{}
				}
				return f.actions(d, at, p.Range, s.wrap)
			})
		}
	default:
		s.refuse(ctx, conn, req.ID, jsonrpc2.CodeMethodNotFound, "r8scan has no such method")
	}
}

// The protocol's own error codes.
const (
	codeNotInitialized = -32002
	codeCancelled      = -32800
)

// params reads the parameters of a request, or refuses it.
func (s *server) params(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request, into any) bool {
	if readParams(req, into) {
		return true
	}
	s.refuse(ctx, conn, req.ID, jsonrpc2.CodeInvalidParams, "the parameters are not those of the method")
	return false
}

func readParams(req *jsonrpc2.Request, into any) bool {
	return req.Params != nil && json.Unmarshal(*req.Params, into) == nil
}

// What cannot be sent has no reader: reading ends too, and with it the server.
func (s *server) reply(ctx context.Context, conn *jsonrpc2.Conn, id jsonrpc2.ID, v any) {
	_ = conn.Reply(ctx, id, v)
}

func (s *server) refuse(ctx context.Context, conn *jsonrpc2.Conn, id jsonrpc2.ID, code int64, why string) {
	_ = conn.ReplyWithError(ctx, id, &jsonrpc2.Error{Code: code, Message: why})
}

func (s *server) initialize(p initializeParams) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.initialized = true
	s.versions = p.Capabilities.Workspace.Edit.DocumentChanges
	if p.Folders == nil && p.RootURI != "" {
		p.Folders = []folder{{p.RootURI}}
	}
	for _, f := range p.Folders {
		if dir := folderPath(f.URI); dir != "" {
			s.folders = append(s.folders, dir)
		}
	}
}

// notified takes a notification. One that is unknown or malformed is ignored: it can
// have no answer.
func (s *server) notified(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if req.Method == "exit" {
		s.exited = true
		_ = conn.Close()
		return
	}
	var p documentParams
	switch {
	case !s.initialized || s.down:
	case req.Method == "$/cancelRequest":
		var p struct {
			ID jsonrpc2.ID `json:"id"`
		}
		if readParams(req, &p) && s.running[p.ID] != nil {
			s.running[p.ID]()
		}
	case req.Method == "textDocument/didOpen" && readParams(req, &p):
		s.set(ctx, conn, newDocument(p.Document.URI, p.Document.Version, p.Document.Text))
	case req.Method == "textDocument/didChange" && readParams(req, &p):
		if o := s.open[p.Document.URI]; o != nil {
			s.set(ctx, conn, o.changed(p.Document.Version, p.Changes))
		}
	case req.Method == "textDocument/didClose" && readParams(req, &p):
		if o := s.open[p.Document.URI]; o != nil {
			o.stop()
			delete(s.open, p.Document.URI)
			s.publish(ctx, conn, newDocument(o.uri, o.version, ""), found{}) // takes its marks away
		}
	case req.Method == "textDocument/didSave": // of .r8scan.yaml or .gitignore, perhaps
		for _, o := range s.open {
			s.set(ctx, conn, o.document)
		}
	case req.Method == "workspace/didChangeWorkspaceFolders":
		var p foldersParams
		if readParams(req, &p) {
			s.changeFolders(p)
		}
	}
}

// changeFolders needs s.mu.
func (s *server) changeFolders(p foldersParams) {
	for _, f := range p.Event.Removed {
		s.folders = slices.DeleteFunc(s.folders, func(dir string) bool { return dir == folderPath(f.URI) })
	}
	for _, f := range p.Event.Added {
		if dir := folderPath(f.URI); dir != "" {
			s.folders = append(s.folders, dir)
		}
	}
}

// set makes d the version that counts, and starts its scan instead of the last one's.
// It needs s.mu. A document whose URI has a token is only named as such, because each
// message about it would have to repeat the URI.
func (s *server) set(ctx context.Context, conn *jsonrpc2.Conn, d *document) {
	if o := s.open[d.uri]; o != nil {
		o.stop()
	}
	if door.Mask(d.uri) != d.uri {
		delete(s.open, d.uri)
		s.tell(ctx, conn, "The name of an open file has a token: rename the file, and disable the token. r8scan does not mark its text.")
		return
	}
	s.open[d.uri] = &openText{d, s.start(ctx, conn, d)}
}

// start scans a document beside and sends its marks. It needs s.mu.
func (s *server) start(ctx context.Context, conn *jsonrpc2.Conn, d *document) context.CancelFunc {
	ctx, stop := context.WithCancel(ctx)
	at := placeOf(d.uri, s.folders)
	go func() {
		defer stop()
		f, err := scan(ctx, d, at, s.opts)
		if err != nil {
			return
		}
		s.publish(ctx, conn, d, f)
		if f.trouble != "" {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.tell(ctx, conn, "r8scan: "+f.trouble)
		}
	}()
	return stop
}

// publish sends the marks of a document, unless ctx has ended: then those of a newer
// version come next, or were sent.
func (s *server) publish(ctx context.Context, conn *jsonrpc2.Conn, d *document, f found) {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	if ctx.Err() == nil {
		_ = conn.Notify(ctx, "textDocument/publishDiagnostics", publishParams{d.uri, d.version, f.diagnostics(d)})
	}
}

// tell shows the user a message, once. It needs s.mu.
func (s *server) tell(ctx context.Context, conn *jsonrpc2.Conn, text string) {
	if s.told != text {
		s.told = text
		_ = conn.Notify(ctx, "window/showMessage", message{severityWarning, door.Printable(text)})
	}
}

// answer answers a request about a document beside, unless it is cancelled.
func (s *server) answer(ctx context.Context, conn *jsonrpc2.Conn, id jsonrpc2.ID, uri string, of func(found, *document, place) any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.open[uri]
	if o == nil {
		s.reply(ctx, conn, id, nil)
		return
	}
	d, at := o.document, placeOf(uri, s.folders)
	limited, stop := context.WithCancel(ctx)
	s.running[id] = stop
	go func() {
		f, err := scan(limited, d, at, s.opts)
		var v any
		if err == nil {
			v = of(f, d, at)
		}
		cancelled := limited.Err() != nil
		s.mu.Lock()
		delete(s.running, id)
		s.mu.Unlock()
		stop()
		if cancelled {
			s.refuse(ctx, conn, id, codeCancelled, "the request was cancelled")
			return
		}
		s.reply(ctx, conn, id, v)
	}()
}

// wrap returns edits of a document in the form that the client takes.
func (s *server) wrap(d *document, edits []textEdit) workspaceEdit {
	if s.versions {
		return workspaceEdit{DocumentChanges: []documentEdit{{versioned{d.uri, d.version}, edits}}}
	}
	return workspaceEdit{Changes: map[string][]textEdit{d.uri: edits}}
}
