package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	token := seededToken(1)
	text := "a\x00b " + token + "\r\nx=" + token + token + "\xff no line break"
	code, out, errs := runCommand(t, text, "redact", "-v")
	if code != exitClean || errs != "masked: 3\n" || len(out) != len(text) {
		t.Errorf("exit %d, %d bytes of %d: %s", code, len(out), len(text), errs)
	}
	mask := token[:5] + strings.Repeat("*", 35)
	if want := strings.ReplaceAll(text, token, mask); out != want {
		t.Errorf("redacted to %q", out)
	}
	assertNoToken(t, out+errs, token)
	if code, out, errs := runCommand(t, "", "redact"); code != exitClean || out+errs != "" {
		t.Errorf("nothing became %q %q, exit %d", out, errs, code)
	}
	if code, out, errs := runCommand(t, text, "redact", token); code != exitUsage || out != "" || !strings.Contains(errs, "takes no arguments") {
		t.Errorf("exit %d: %s", code, errs)
	} else {
		assertNoToken(t, errs, token)
	}
	var errBuf bytes.Buffer
	if code := (command{strings.NewReader(text), failingWriter{}, &errBuf}).run(t.Context(), []string{"redact"}); code != exitUsage || !strings.Contains(errBuf.String(), "redact standard input: broken pipe") {
		t.Errorf("exit %d: %s", code, errBuf.String())
	}
}
