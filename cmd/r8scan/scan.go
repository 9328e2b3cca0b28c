package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/internal/start"
	"r8scan/result"
	"r8scan/scanner"
)

func (c command) scanAny() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scan [PATH|URL|IMAGE|OWNER|@FILE]",
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

Scan many repositories, without clones, and get one result:

  github:ORG                  those of an organization or a user on GitHub
  gitlab:GROUP                those of a group on GitLab, or gitlab:https://HOST/GROUP
  hf:OWNER                    models, datasets and Spaces on Hugging Face
  @FILE                       a file with a URL a line, or any of the above; @- is stdin

A file or folder with such a name is scanned as ./oci:FOLDER.

With --texts, a URL of a repository on GitHub also stands for what is beside it:
issues, pull requests, reviews, comments, discussions, releases and their files, the
wiki, and the logs and artifacts of workflows; a user also for their gists. Set
GITHUB_TOKEN for it.

The commands themselves have more flags.
` + exitCodes,
		Example: `  r8scan scan
  r8scan scan ~/src/app -o leak.html
  r8scan scan https://github.com/owner/name --texts
  r8scan scan github:acme --no-forks
  r8scan scan docker://registry.example.com/app:1.2
  r8scan scan dist`,
		Args: atMostOne,
	}
	var f scanFlags
	f.add(cmd)
	most := addMaxSize(cmd)
	var listed scanner.Listed
	fs := cmd.Flags()
	texts := fs.Bool("texts", false, "read issues, comments, releases, logs and the like of repositories on GitHub too")
	fs.BoolVar(&listed.NoForks, "no-forks", false, "of an owner's repositories, leave out forks")
	fs.BoolVar(&listed.NoArchived, "no-archived", false, "of an owner's repositories, leave out archived ones")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		chosen := start.Choose(args)
		hasToken, err := true, chosen.Check(*texts, listed.NoForks || listed.NoArchived)
		if err == nil && *texts {
			hasToken, err = scanner.HasTextsToken(chosen.Path)
		}
		if err != nil {
			return err
		}
		if !f.noCache {
			listed.Memory = cacheFolder("lists")
		}
		scan := func(ctx context.Context, args []string, opts scanner.Options) (*result.Result, error) {
			if !f.quiet && chosen.Why != "" { // all flags are right
				fmt.Fprintln(c.err, chosen.Line())
			}
			if !hasToken && !f.quiet {
				fmt.Fprintln(c.err, noTextsToken)
			}
			opts.Texts, opts.MaxSize = *texts, *most
			if chosen.Command == "many" {
				return scanner.Many(ctx, chosen.Path, c.in, listed, opts)
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
