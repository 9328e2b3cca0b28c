package fetch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const commit = "1111111111111111111111111111111111111111"

// advert is the answer of a server to the request for refs.
func advert(caps string, refs ...string) []byte {
	b := append(packet(nil, "# service=%s\n", uploadPack), flush...)
	for i, ref := range refs {
		if i == 0 {
			ref += "\x00" + caps
		}
		b = packet(b, "%s\n", ref)
	}
	return append(b, flush...)
}

// fake is a server with fixed answers.
type fake struct {
	*httptest.Server
	refs, pack http.HandlerFunc
	seen       []*http.Request
	bodies     []string
}

func newFake(t *testing.T, secure bool) *fake {
	f := &fake{}
	f.refs = answers("application/x-git-upload-pack-advertisement", advert("side-band-64k ofs-delta agent=git/2", commit+" HEAD", commit+" refs/heads/main"))
	f.pack = answers("application/x-git-upload-pack-result", []byte("0008NAK\n0009\x01PACK0000"))
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.seen, f.bodies = append(f.seen, r), append(f.bodies, string(body))
		if r.Method == http.MethodPost {
			f.pack(w, r)
		} else {
			f.refs(w, r)
		}
	})
	if secure {
		f.Server = httptest.NewTLSServer(handler)
	} else {
		f.Server = httptest.NewServer(handler)
	}
	t.Cleanup(f.Close)
	return f
}

func answers(kind string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(body)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// alone is a client without credentials.
func alone(t *testing.T) *Client {
	return &Client{Getenv: func(string) string { return "" }, Home: t.TempDir(), Silence: 10 * time.Second}
}

// get fetches everything from a URL.
func get(t *testing.T, c *Client, to string) (s *Session, pack string, err error) {
	t.Helper()
	a, err := Parse(to)
	if err != nil {
		return nil, "", err
	}
	if s, err = c.Open(t.Context(), a); err != nil {
		return nil, "", err
	}
	defer s.Close()
	var b bytes.Buffer
	err = s.Fetch(t.Context(), s.IDs(), []string{"2222222222222222222222222222222222222222"}, &b)
	return s, b.String(), err
}

func TestFetch(t *testing.T) {
	f := newFake(t, false)
	s, pack, err := get(t, alone(t), f.URL+"/a/b")
	if err != nil || pack != "PACK" {
		t.Fatalf("%q, %v", pack, err)
	}
	if s.Head != commit || len(s.Refs) != 1 || s.Refs[0] != (Ref{"refs/heads/main", commit}) || s.Hash != 20 {
		t.Errorf("%+v", s.Advert)
	}
	if got := f.seen[0].URL.String(); got != "/a/b/info/refs?service=git-upload-pack" {
		t.Error(got)
	}
	want := "0047want " + commit + " side-band-64k ofs-delta agent=r8scan\n"
	want = fmt.Sprintf("%04x%s", len(want), want[4:]) + "0000" + "0032have 2222222222222222222222222222222222222222\n0009done\n"
	if f.bodies[1] != want || f.seen[1].URL.Path != "/a/b/git-upload-pack" {
		t.Errorf("%s: %q, want %q", f.seen[1].URL, f.bodies[1], want)
	}
	for _, r := range f.seen {
		if r.Header.Get("Authorization") != "" {
			t.Error("credentials that nobody asked for")
		}
	}
}

// TestBadAnswers: each gives one clear error.
func TestBadAnswers(t *testing.T) {
	page := answers("text/html", []byte("<html>"))
	refs := func(caps string, refs ...string) http.HandlerFunc {
		return answers("application/x-git-upload-pack-advertisement", advert(caps, refs...))
	}
	raw := func(body string) http.HandlerFunc {
		return answers("application/x-git-upload-pack-advertisement", []byte(body))
	}
	result := func(body string) http.HandlerFunc {
		return answers("application/x-git-upload-pack-result", []byte(body))
	}
	for name, c := range map[string]struct {
		refs, pack http.HandlerFunc
		want       string
	}{
		"a page":               {page, nil, "no git server answers there"},
		"a dumb server":        {answers("text/plain; charset=utf-8", []byte("x")), nil, "only has files"},
		"401":                  {status(401), nil, "asks for credentials: add a line"},
		"403":                  {status(403), nil, "forbids access"},
		"404":                  {status(404), nil, "no such repository (404), or it is private"},
		"429":                  {status(429), nil, "how often"},
		"500":                  {status(500), nil, "HTTP 500"},
		"no packets":           {raw("<html>"), nil, "not in git's protocol"},
		"nothing":              {raw(""), nil, "too early"},
		"cut in a packet":      {raw("001e# service=git-upload-pa"), nil, "too early"},
		"cut before the end":   {raw(string(advert("", commit+" HEAD"))[:60]), nil, "too early"},
		"an impossible length": {raw("0003"), nil, "not in git's protocol"},
		"an error":             {raw(string(packet(nil, "ERR no access"))), nil, "the server says: no access"},
		"an error later":       {refs("", "ERR \x1b[31mno access"), nil, "no access"},
		"an unknown format":    {refs("object-format=sha3", commit+" HEAD"), nil, "object format is not known"},
		"a format not told":    {refs("", strings.Repeat("1", 64)+" HEAD"), nil, "not by 40 hex digits"},
		"another format":       {refs("object-format=sha256", commit+" HEAD"), nil, "not by 64 hex digits"},
		"an id of letters":     {refs("", strings.Repeat("g", 40)+" HEAD"), nil, "hex digits"},
		"a bad ref":            {refs("", commit+" HEAD", commit+" ../../x"), nil, "git would refuse"},
		"a ref with controls":  {refs("", commit+" HEAD", commit+" refs/heads/a\x1b[2Jb"), nil, "git would refuse"},
		"a page for a pack":    {nil, page, "no git server answers there"},
		"404 for a pack":       {nil, status(404), "404"},
		"no answer":            {nil, result(""), "too early"},
		"no pack":              {nil, result("0008NAK\n"), "too early"},
		"a cut pack":           {nil, result("0008NAK\n0009\x01PACK"), "too early"},
		"a cut packet":         {nil, result("0008NAK\n0020\x01PACK"), "too early"},
		"an error in bands":    {nil, result("0008NAK\n0009\x01PACK000b\x03broken0000"), "the server says: broken"},
		"a band 4":             {nil, result("0008NAK\n0009\x01PACK0009\x04PACK0000"), "not in git's protocol"},
		"text for a pack":      {nil, result("0009hello"), "not in git's protocol"},
		"a redirected pack":    {nil, http.RedirectHandler("/x", http.StatusTemporaryRedirect).ServeHTTP, "redirects the request for objects"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, false)
			if c.refs != nil {
				f.refs = c.refs
			}
			if c.pack != nil {
				f.pack = c.pack
			}
			_, _, err := get(t, alone(t), f.URL+"/a/b")
			if absent := name == "401" || name == "404" || name == "404 for a pack"; IsAbsent(err) != absent {
				t.Errorf("it is absent: %v", !absent)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// TestSilence: a server that says nothing is given up. On a busy machine the refs may
// take longer than a short silence, so it is lengthened until they come.
func TestSilence(t *testing.T) {
	f := newFake(t, false)
	stop := make(chan struct{})
	f.pack = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
		_, _ = w.Write([]byte("0008NAK\n0009\x01PACK"))
		w.(http.Flusher).Flush()
		<-stop
	}
	defer close(stop)
	c := alone(t)
	for c.Silence = 50 * time.Millisecond; ; c.Silence *= 2 {
		_, pack, err := get(t, c, f.URL+"/a")
		if err == nil || !strings.Contains(err.Error(), "nothing for too long") {
			t.Fatalf("%q, %v", pack, err)
		}
		if pack == "PACK" {
			return
		}
		if c.Silence > 10*time.Second {
			t.Fatalf("%q, %v", pack, err)
		}
	}
}

// TestSlow: each byte renews the time that a server has, so that one that is only slow
// is not given up.
func TestSlow(t *testing.T) {
	slow := &slowConn{}
	c := &watched{slow, time.Hour}
	began := time.Now()
	for range 3 {
		if n, err := c.Read(make([]byte, 9)); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := c.Write([]byte("x")); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(slow.read) != 3 || len(slow.write) != 3 {
		t.Fatalf("%d and %d deadlines for three bytes each", len(slow.read), len(slow.write))
	}
	for _, deadline := range append(slow.read, slow.write...) {
		if deadline.Before(began.Add(time.Hour)) || deadline.After(time.Now().Add(time.Hour)) {
			t.Errorf("a deadline of %v", deadline.Sub(began))
		}
	}
}

// slowConn gives and takes one byte at a time, and keeps the deadlines for them.
type slowConn struct {
	net.Conn
	read, write []time.Time
}

func (*slowConn) Read([]byte) (int, error)  { return 1, nil }
func (*slowConn) Write([]byte) (int, error) { return 1, nil }

func (c *slowConn) SetReadDeadline(t time.Time) error {
	c.read = append(c.read, t)
	return nil
}

func (c *slowConn) SetWriteDeadline(t time.Time) error {
	c.write = append(c.write, t)
	return nil
}

// TestCancel: the end of the context ends the wait.
func TestCancel(t *testing.T) {
	f := newFake(t, false)
	ctx, cancel := context.WithCancel(t.Context())
	f.refs = func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}
	a, err := Parse(f.URL + "/a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := alone(t).Open(ctx, a); err == nil || ctx.Err() == nil {
		t.Error(err)
	}
}

// TestTLS: a certificate that nobody signed is refused.
func TestTLS(t *testing.T) {
	f := newFake(t, true)
	c := alone(t)
	if _, _, err := get(t, c, f.URL+"/a"); err == nil || !strings.Contains(err.Error(), "SSL_CERT_FILE") {
		t.Error(err)
	}
	c.roots = f.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	if _, pack, err := get(t, c, f.URL+"/a"); err != nil || pack != "PACK" {
		t.Errorf("%q, %v", pack, err)
	}
}

// TestNobody: no host, and no server.
func TestNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	if _, _, err := get(t, alone(t), "http://"+address+"/a"); err == nil || !strings.Contains(err.Error(), "nothing answers") {
		t.Error(err)
	}
	if _, _, err := get(t, alone(t), "https://no.such.host.invalid/a"); err == nil || !strings.Contains(err.Error(), "cannot be found") && !strings.Contains(err.Error(), "proxy") {
		t.Error(err)
	}
}

// asksFor is a server that wants a user and a password.
func asksFor(next http.HandlerFunc, user, password string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if u, p, ok := r.BasicAuth(); !ok || u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func TestLogin(t *testing.T) {
	f := newFake(t, false)
	f.refs, f.pack = asksFor(f.refs, "ann", "pass"), asksFor(f.pack, "ann", "pass")
	c := alone(t)
	write := func(password string) {
		if err := os.WriteFile(filepath.Join(c.Home, ".netrc"), []byte("machine 127.0.0.1 login ann password "+password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("pass")
	if _, pack, err := get(t, c, f.URL+"/a"); err != nil || pack != "PACK" {
		t.Errorf("%q, %v", pack, err)
	}
	write("wrong")
	if _, _, err := get(t, c, f.URL+"/a"); err == nil || !strings.Contains(err.Error(), "refuses the credentials from ~/.netrc") || strings.Contains(err.Error(), "wrong") {
		t.Error(err)
	}
}

// TestLoginHosts: a token goes to its own host only.
func TestLoginHosts(t *testing.T) {
	c := alone(t)
	c.Getenv = func(name string) string { return map[string]string{"GH_TOKEN": "gh", "GITLAB_TOKEN": "gl"}[name] }
	for host, want := range map[string]string{"github.com": "gh", "GitHub.com": "gh", "gitlab.com": "gl", "evil.github.com": "", "github.com.evil.org": "", "gist.github.com": "", "gitlab.example.org": ""} {
		got := ""
		if l := loginFor(c, host); l != nil {
			got = l.password.Reveal()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
	if l := loginFor(c, "github.com"); fmt.Sprintf("%v %+v %#v %s", *l, *l, *l, l.password) == "" || strings.Contains(fmt.Sprintf("%v %+v %#v %s", *l, *l, *l, l.password), "gh}") {
		t.Error("a password is printed")
	}
	c.Getenv = func(name string) string { return map[string]string{"GITHUB_TOKEN": " a\n", "GH_TOKEN": "b"}[name] }
	if l := loginFor(c, "github.com"); l.password != "a" || l.from != "GITHUB_TOKEN" {
		t.Errorf("%s", l.from)
	}
}

// TestRedirect follows the first request, and takes no credentials along.
func TestRedirect(t *testing.T) {
	to := newFake(t, false)
	from := newFake(t, false)
	from.refs = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to.URL+"/moved"+strings.TrimPrefix(r.URL.Path, "/a")+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
	}
	if _, pack, err := get(t, alone(t), from.URL+"/a"); err != nil || pack != "PACK" || to.seen[1].URL.Path != "/moved/git-upload-pack" {
		t.Errorf("%q, %v", pack, err)
	}
	to.refs = asksFor(to.refs, "ann", "pass")
	c := alone(t)
	if err := os.WriteFile(filepath.Join(c.Home, ".netrc"), []byte("machine 127.0.0.1 login ann password pass\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := get(t, c, from.URL+"/a"); err == nil || !strings.Contains(err.Error(), "name that URL") {
		t.Error(err)
	}
	for _, r := range to.seen {
		if r.Header.Get("Authorization") != "" {
			t.Error("credentials went to another host")
		}
	}
	// A server that takes the credentials and only then redirects.
	to.refs, to.seen = answers("application/x-git-upload-pack-advertisement", advert("side-band-64k", commit+" HEAD")), nil
	from.refs = asksFor(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to.URL+r.URL.Path+"?"+r.URL.RawQuery, http.StatusFound)
	}, "ann", "pass")
	if _, _, err := get(t, c, from.URL+"/a"); err != nil || len(to.seen) != 2 {
		t.Errorf("%d requests, %v", len(to.seen), err)
	}
	for _, r := range to.seen {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("credentials went to another host with %s", r.Method)
		}
	}
	from.refs = http.RedirectHandler("/login", http.StatusFound).ServeHTTP
	if _, _, err := get(t, alone(t), from.URL+"/a"); err == nil {
		t.Error("a page to log in is no repository")
	}
}

func TestMayRedirect(t *testing.T) {
	for pair, want := range map[[2]string]string{
		{"https://a.org/x", "https://b.org/x"}:         "",
		{"https://a.org/x", "http://a.org/x"}:          "not encrypted",
		{"https://a.org/x", "http://127.0.0.1/x"}:      "not encrypted",
		{"https://a.org/x", "https://127.0.0.1/x"}:     "redirects to 127.0.0.1",
		{"https://a.org/x", "https://localhost/x"}:     "redirects to localhost",
		{"https://a.org/x", "https://[::1]/x"}:         "redirects to ::1",
		{"https://a.org/x", "ftp://a.org/x"}:           "not encrypted",
		{"http://127.0.0.1/x", "http://127.0.0.1:1/x"}: "",
		{"http://127.0.0.1/x", "http://b.org/x"}:       "redirects to b.org",
		{"https://a.org/x", "https://u:p@b.org/x"}:     "password",
	} {
		first, _ := url.Parse(pair[0])
		to, _ := url.Parse(pair[1])
		err := mayRedirect(first, &http.Request{URL: to, Header: http.Header{}}, []*http.Request{{Method: http.MethodGet}})
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", pair, err, want)
		}
	}
}

// TestManyRefs: 200,000 refs are a long list and one request.
func TestManyRefs(t *testing.T) {
	f := newFake(t, false)
	list := []string{commit + " HEAD"}
	for i := range 200_000 {
		list = append(list, fmt.Sprintf("%040x refs/pull/%d/head", i, i))
	}
	f.refs = answers("application/x-git-upload-pack-advertisement", advert("side-band-64k", list...))
	s, pack, err := get(t, alone(t), f.URL+"/a")
	if err != nil || pack != "PACK" || len(s.Refs) != 200_000 || strings.Count(f.bodies[1], "want ") != 200_001 {
		t.Errorf("%q, %v", pack, err)
	}
}

func TestNetrc(t *testing.T) {
	for text, want := range map[string]string{
		"machine h login ann password p":                                                "ann p",
		"machine x login no password no\nmachine h\n login ann\n password p\n":          "ann p",
		"# machine h login no password no\nmachine h login ann password p":              "ann p",
		"macdef init\nmachine h login no password no\n\nmachine h login ann password p": "ann p",
		"machine h login ann password p machine h login b password q":                   "ann p",
		"default login no password no":                                                  "",
		"machine h login ann":                                                           "",
		"machine":                                                                       "",
		"":                                                                              "",
		"machine h login ann password p default login no password no":                   "ann p",
		"machine H account x login ann password p":                                      "ann p",
	} {
		got := ""
		if l := netrc(text, "h"); l != nil {
			got = l.user + " " + l.password.Reveal()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzNetrc(f *testing.F) {
	f.Add("machine h login ann password p\nmacdef x\n\ndefault")
	f.Fuzz(func(t *testing.T, text string) {
		if l := netrc(text, "h"); l != nil && !strings.Contains(text, l.password.Reveal()) {
			t.Error("a password from nowhere")
		}
	})
}

func FuzzAdvert(f *testing.F) {
	f.Add(advert("symref=HEAD:refs/heads/main object-format=sha1", commit+" HEAD", commit+" refs/heads/main", commit+" refs/tags/v^{}")[len("001e# service=git-upload-pack\n0000"):])
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := readAdvert(newPackets(bytes.NewReader(b)))
		if err != nil {
			return
		}
		for _, id := range a.IDs() {
			if len(id) != 2*a.Hash {
				t.Errorf("the id %q", id)
			}
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("0008NAK\n0009\x01PACK0008\x02ok0000"), true)
	f.Add([]byte("0008NAK\nPACK"), false)
	f.Fuzz(func(t *testing.T, b []byte, banded bool) {
		var out bytes.Buffer
		if err := readPack(newPackets(bytes.NewReader(b)), banded, &out); err == nil && out.Len() > len(b) {
			t.Error("more came out than went in")
		}
	})
}

// TestNoHome: without a home folder, nothing is taken from the folder that the user is
// in, which may be of anybody.
func TestNoHome(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir(".ssh", 0o700); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{".netrc": "machine example.com login a password b\n", ".ssh/known_hosts": "not a line of known_hosts\n"} {
		if err := os.WriteFile(filepath.FromSlash(path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, home := range []string{"", "."} {
		t.Setenv("HOME", home)
		t.Setenv("USERPROFILE", home)
		c := &Client{Getenv: func(string) string { return "" }}
		if l := loginFor(c, "example.com"); l != nil {
			t.Errorf("HOME=%q: the credentials of %s", home, l.from)
		}
		if _, err := knownHosts(c, "example.com:22"); err != nil { // it was read
			t.Errorf("HOME=%q: %v", home, err)
		}
	}
}
