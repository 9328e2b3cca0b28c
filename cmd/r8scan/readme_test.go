package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"r8scan/report"
)

// flagNames finds the flags in a help text, not the words behind them.
var flagNames = regexp.MustCompile(`(?m)--[a-z-]+\b`)

// TestReadme makes sure that the README names every command, flag and format.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := func(what string) {
		if !strings.Contains(string(text), what) {
			t.Errorf("the README does not name %s", what)
		}
	}
	root := command{}.root()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" {
			continue
		}
		names("**`r8scan " + strings.Fields(cmd.Use)[0])
		for _, flag := range flagNames.FindAllString(cmd.LocalFlags().FlagUsages(), -1) {
			if flag != "--help" {
				names("`" + flag)
			}
		}
		checkHelp(t, cmd)
	}
	for _, format := range report.Formats() {
		names("`" + format + "`")
	}
}

// checkHelp makes sure that a command's help says what it does.
func checkHelp(t *testing.T, cmd *cobra.Command) {
	t.Helper()
	if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
		t.Errorf("%s: its one line of help is %q", cmd.CommandPath(), cmd.Short)
	}
	if cmd.Flags().Lookup("format") != nil && (!strings.Contains(cmd.Long, "\nExit codes") || cmd.Example == "") {
		t.Errorf("%s: its help lacks the exit codes or an example", cmd.CommandPath())
	}
}
