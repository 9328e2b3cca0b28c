package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/internal/start"
	"r8scan/result"
	"r8scan/scanner"
)

func (c command) scanAny() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scan [PATH|URL|IMAGE]",
		Short: "Start here: scan a path or a URL with the command below that fits",
		Long: `Choose the command that scans PATH, say which one on standard error, and run it:

  nothing                     audit, of the repository that you are in
  the top of a repository     audit
  another folder, or a file   files
  - (standard input)          files
  a URL                       history

Scan a container image, all layers and platforms of it:

  oci:FOLDER                  a folder with an OCI layout
  docker-archive:FILE         a file that docker save has written
  docker://REGISTRY/IMAGE     an image of a registry, with :TAG or @DIGEST

A file or folder with such a name is scanned as ./oci:FOLDER.

With --texts, a URL of a repository on GitHub also stands for what is beside it:
issues, pull requests, reviews, comments, discussions, releases and their files, the
wiki, and the logs and artifacts of workflows. Set GITHUB_TOKEN for it.

The commands themselves have more flags.
` + exitCodes,
		Example: `  r8scan scan
  r8scan scan ~/src/app -o leak.html
  r8scan scan https://github.com/owner/name --texts
  r8scan scan docker://registry.example.com/app:1.2
  r8scan scan dist`,
		Args: atMostOne,
	}
	var f scanFlags
	f.add(cmd)
	most := addMaxSize(cmd)
	texts := cmd.Flags().Bool("texts", false, "read issues, comments, releases, logs and the like of a repository on GitHub too")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		chosen := start.Choose(args)
		hasToken, err := true, error(nil)
		if *texts && chosen.Command != "history" {
			err = errors.New("--texts needs the URL of a repository on GitHub, such as https://github.com/owner/name")
		} else if *texts {
			hasToken, err = scanner.HasTextsToken(chosen.Path)
		}
		if err != nil {
			return err
		}
		scan := func(ctx context.Context, args []string, opts scanner.Options) (*result.Result, error) {
			if !f.quiet && chosen.Why != "" { // all flags are right
				fmt.Fprintln(c.err, chosen.Line())
			}
			opts.Texts, opts.MaxSize = *texts, *most
			if !hasToken && !f.quiet {
				fmt.Fprintln(c.err, noTextsToken)
			}
			return c.scanOf(chosen.Command)(ctx, args, opts)
		}
		return c.runScan(cmd.Context(), f, []string{chosen.Path}, scan, gitHook{})
	}
	return cmd
}

// noTextsToken is what to know before texts are read without a token.
const noTextsToken = "note: there is no token for GitHub, so it answers 60 requests an hour, and keeps reviews, discussions, logs and artifacts back: set GITHUB_TOKEN"

// scanOf returns the scan of a command that start.Choose names.
func (c command) scanOf(name string) scanFunc {
	return func(ctx context.Context, args []string, opts scanner.Options) (*result.Result, error) {
		switch name {
		case "audit":
			return scanner.Audit(ctx, args[0], opts)
		case "image":
			return scanner.Image(ctx, args[0], opts)
		case "history":
			return scanner.History(ctx, args[0], opts)
		}
		return scanner.Files(ctx, args, c.in, opts)
	}
}
