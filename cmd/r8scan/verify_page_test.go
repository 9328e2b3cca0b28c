package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestVerifyPage: the command prints the page's address, tests a token there, and
// ends with Ctrl-C. Neither stream says anything of the token.
func TestVerifyPage(t *testing.T) {
	good := seededToken(1)
	api := newFakeAPI(t, map[string]fakeAnswer{good: liveAnswer})
	t.Setenv("REPLICATE_API_TOKEN", seededToken(2)) // which --page leaves alone
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, stdout := io.Pipe()
	var errs strings.Builder
	code := make(chan int, 1)
	go func() {
		code <- command{strings.NewReader(""), stdout, &errs}.run(ctx, []string{"verify", "--page", "-n", "2"})
		_ = stdout.Close()
	}()
	lines := bufio.NewReader(out)
	address, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address = strings.TrimSpace(address)
	page, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(url.Values{"key": {good}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", page.Scheme+"://"+page.Host)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	for _, want := range []string{"user ada (Ada L.)", "Round trip of 2 requests"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
	cancel()
	rest, _ := io.ReadAll(lines)
	if got := <-code; got != exitInterrupted || len(rest) > 0 || !strings.Contains(errs.String(), "it ends with Ctrl-C") {
		t.Errorf("exit %d: %s%s", got, rest, errs.String())
	}
	assertNoToken(t, string(text)+address+string(rest)+errs.String(), good, seededToken(2))
	if api.requests(good) != 2 || api.requests(seededToken(2)) != 0 {
		t.Errorf("%d requests with the token", api.requests(good))
	}
}

// TestVerifyPageUsage: what the page does not use is an error.
func TestVerifyPageUsage(t *testing.T) {
	newFakeAPI(t, nil)
	for _, args := range [][]string{{"-f", "json"}, {"--from", "env"}, {"--from", "stdin"}, {"-n", "0"}, {"--api-url", "http://example.com"}} {
		if code, out, errs := runCommand(t, "", append([]string{"verify", "--page"}, args...)...); code != exitUsage || out != "" || errs == "" {
			t.Errorf("%v: exit %d: %s%s", args, code, out, errs)
		}
	}
}
