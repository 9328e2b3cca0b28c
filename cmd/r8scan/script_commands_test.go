package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptCommands are the commands of scripts, beside testscript's own.
var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"exits":     exits,
	"refuses":   refuses,
	"git":       gitCommand,
	"set":       setVariable,
	"write":     writeText,
	"append":    appendText,
	"flip":      flipByte,
	"truncate":  truncateFile,
	"bulk":      writeBulk,
	"copy":      copyTree,
	"loose":     looseObject,
	"glob":      globVariable,
	"interrupt": interruptScan,
	"serve":     serveRepositories,
	"github":    serveGitHub,
	"notoken":   noToken,
	"same":      sameButTimes,
	"json":      jsonValue,
	"finding":   jsonFinding,
	"place":     jsonPlace,
	"unread":    jsonUnread,
}

// exits runs a program and checks its exit code, and that it printed no token:
// exits CODE[,CODE...] PROGRAM [ARG...].
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want := strings.Split(arg(ts, neg, args, 2)[0], ",")
	err := ts.Exec(args[1], args[2:]...)
	noToken(ts, false, []string{"stdout", "stderr"})
	var exit *exec.ExitError
	got := 0
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if !slices.Contains(want, strconv.Itoa(got)) {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// refuses runs r8scan, which must exit with 2, print nothing on standard output
// and one line that matches on standard error: refuses REGEXP ARG...
func refuses(ts *testscript.TestScript, neg bool, args []string) {
	want := regexp.MustCompile(arg(ts, neg, args, 1)[0])
	exits(ts, false, append([]string{"2", "r8scan"}, args[1:]...))
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("it printed %q", out)
	}
	line, isLine := strings.CutSuffix(ts.ReadFile("stderr"), "\n")
	if !isLine || strings.Contains(line, "\n") || !strings.HasPrefix(line, "r8scan: ") || !want.MatchString(line) {
		ts.Fatalf("it said %q", line)
	}
}

// arg returns args. There must be at least n, and no !.
func arg(ts *testscript.TestScript, neg bool, args []string, n int) []string {
	if neg || len(args) < n {
		ts.Fatalf("wrong usage: it takes at least %d arguments and no !", n)
	}
	return args
}

// gitCommand runs git, which must succeed: git DIR ARG...
func gitCommand(ts *testscript.TestScript, neg bool, args []string) {
	args = arg(ts, neg, args, 2)
	ts.Check(ts.Exec("git", append([]string{"-C"}, args...)...))
}

// setVariable sets a variable to what a program prints: set NAME PROGRAM ARG...
func setVariable(ts *testscript.TestScript, neg bool, args []string) {
	args = arg(ts, neg, args, 2)
	ts.Check(ts.Exec(args[1], args[2:]...))
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// globVariable sets a variable to the only file that a pattern matches:
// glob NAME PATTERN.
func globVariable(ts *testscript.TestScript, neg bool, args []string) {
	args = arg(ts, neg, args, 2)
	found, err := filepath.Glob(ts.MkAbs(args[1]))
	ts.Check(err)
	if len(found) != 1 {
		ts.Fatalf("%s matches %d files", args[1], len(found))
	}
	ts.Setenv(args[0], found[0])
}

// copyTree copies a folder: copy FROM TO.
func copyTree(ts *testscript.TestScript, neg bool, args []string) {
	args = arg(ts, neg, args, 2)
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
}

// looseObject sets a variable to the file of a loose object and makes it writable:
// loose NAME DIR OBJECT.
func looseObject(ts *testscript.TestScript, neg bool, args []string) {
	args = arg(ts, neg, args, 3)
	ts.Check(ts.Exec("git", "-C", args[1], "rev-parse", "--verify", args[2]))
	id := strings.TrimSpace(ts.ReadFile("stdout"))
	path := ts.MkAbs(filepath.Join(args[1], ".git", "objects", id[:2], id[2:]))
	ts.Check(os.Chmod(path, 0o644))
	ts.Setenv(args[0], path)
}

var escapes = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\0`, "\x00", `\x1b`, "\x1b", `\xff`, "\xff", `\\`, `\`)

// writeText writes a file and creates its folder: write FILE TEXT... It joins the texts
// with spaces, and replaces \n, \r, \t, \0, \x1b and \xff.
func writeText(ts *testscript.TestScript, neg bool, args []string) {
	args = arg(ts, neg, args, 1)
	path := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
	ts.Check(os.WriteFile(path, []byte(escapes.Replace(strings.Join(args[1:], " "))), 0o644))
}

// appendText is writeText at the end of a file.
func appendText(ts *testscript.TestScript, neg bool, args []string) {
	args = arg(ts, neg, args, 2)
	old, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	text := string(old) + escapes.Replace(strings.Join(args[1:], " "))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// flipByte inverts one byte of a file, which may be read-only: flip FILE AT,
// counted from the end if AT is negative.
func flipByte(ts *testscript.TestScript, neg bool, args []string) {
	path := ts.MkAbs(arg(ts, neg, args, 2)[0])
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	text, err := os.ReadFile(path)
	ts.Check(err)
	if at < 0 {
		at += len(text)
	}
	text[at] ^= 0xff
	ts.Check(os.Chmod(path, 0o644))
	ts.Check(os.WriteFile(path, text, 0o644))
}

// truncateFile removes bytes from the end of a file: truncate FILE BYTES.
func truncateFile(ts *testscript.TestScript, neg bool, args []string) {
	path := ts.MkAbs(arg(ts, neg, args, 2)[0])
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	info, err := os.Stat(path)
	ts.Check(err)
	ts.Check(os.Chmod(path, 0o644))
	ts.Check(os.Truncate(path, info.Size()-int64(n)))
}

// writeBulk writes a file of SIZE bytes without a newline, with TEXT at byte AT, and
// sets $column to the column of TEXT: bulk FILE SIZE AT TEXT. The filler has characters
// of one to four bytes, so that windows end inside some.
func writeBulk(ts *testscript.TestScript, neg bool, args []string) {
	args = arg(ts, neg, args, 4)
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	at, err := strconv.Atoi(args[2])
	ts.Check(err)
	const filler = "-é.€:😀;"
	text := []byte(strings.Repeat(filler, size/len(filler)+1))[:size]
	copy(text[at:], args[3])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o644))
	units := utf16.Encode([]rune(string(text[:at])))
	ts.Setenv("column", strconv.Itoa(len(units)+1))
}

// interruptScan starts r8scan with an endless input, interrupts it during the scan,
// and checks its exit code: interrupt CODE ARG... The file printed has what it
// printed.
func interruptScan(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(arg(ts, neg, args, 2)[0])
	ts.Check(err)
	cmd := exec.Command(filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], "r8scan"), args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	in, err := cmd.StdinPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	defer in.Close()
	// No pipe holds as much: once this is written, the scan is reading.
	_, err = in.Write(bytes.Repeat([]byte("x "+ts.Getenv("tok_a")+"\n"), 1<<16))
	if err != nil {
		ts.Fatalf("%v after it printed %q", err, out.String())
	}
	ts.Check(cmd.Process.Signal(os.Interrupt))
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != want {
		ts.Fatalf("%v, want exit code %d; it printed %q", err, want, out.String())
	}
	ts.Check(os.WriteFile(ts.MkAbs("printed"), out.Bytes(), 0o644))
	noToken(ts, false, []string{"printed"})
}

// noToken checks that files, or stdout and stderr, have none of the script's tokens:
// notoken FILE...
func noToken(ts *testscript.TestScript, neg bool, args []string) {
	tokens, _ := ts.Value(tokensKey{}).([]string)
	for _, name := range arg(ts, neg, args, 1) {
		text := []byte(ts.ReadFile(name))
		for _, token := range tokens {
			// A part of a token is a leak too; eight digits of one are enough.
			for at := len("r8_"); at+8 <= len(token); at++ {
				if bytes.Contains(text, []byte(token[at:at+8])) {
					ts.Fatalf("%s shows a token, or a part of one, that begins with %s", name, token[:5])
				}
			}
		}
	}
}
