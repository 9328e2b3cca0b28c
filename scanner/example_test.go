package scanner_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
)

// leaky makes a folder with a file that has a token. The token is put together here, so
// that the source does not have it.
func leaky() string {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	text := "client = Client(\n    token=\"r8_" + "Zk3Qw9Xb7Lm2Vn8Rt5" + "Yp1Hs6Gd4Jf0CuAeWi9" + "\")\n"
	if err := os.WriteFile(filepath.Join(dir, "app.py"), []byte(text), 0o600); err != nil {
		log.Fatal(err)
	}
	return dir
}

// Scan a folder, list what was found, and say whether all was read.
func ExampleFiles() {
	dir := leaky()
	defer os.RemoveAll(dir)
	res, err := scanner.Files(context.Background(), []string{dir}, nil, scanner.Options{MinConfidence: rules.Medium})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range res.Findings {
		for _, l := range f.Locations {
			fmt.Printf("%s at %s:%d:%d, %s\n", f.Secret, filepath.Base(l.Path), l.Line, l.Column, f.Exposure)
		}
	}
	fmt.Println("all was read:", res.Coverage.Complete())
	// Output:
	// r8_Zk*********************************** at app.py:2:12, untracked
	// all was read: true
}

// Scan standard input, or anything else that is read once.
func ExampleFiles_stdin() {
	input := strings.NewReader("no token here, and none " + strings.Repeat("there ", 3))
	res, err := scanner.Files(context.Background(), []string{"-"}, input, scanner.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Target.Kind, len(res.Findings), res.Coverage.Bytes)
	// Output: stdin 0 42
}

// Audit everything in a repository. Outside of one, audit scans the files.
func ExampleAudit() {
	dir := leaky()
	defer os.RemoveAll(dir)
	var progress scanner.Progress // another goroutine may look at its State meanwhile
	res, err := scanner.Audit(context.Background(), dir, scanner.Options{Progress: &progress})
	if err != nil {
		log.Fatal(err)
	}
	inHistory := 0
	for _, f := range res.Findings {
		if f.Exposure == result.ExposureHistory {
			inHistory++
		}
	}
	fmt.Println(len(res.Findings), "found,", inHistory, "in the history,", progress.State().Files, "files read")
	// Output: 1 found, 0 in the history, 1 files read
}
