package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"r8scan/fleet/config"
	"r8scan/fleet/ledger"
	"r8scan/fleet/seal"
	"r8scan/fleet/store"
	"r8scan/fleet/worker"
	"r8scan/internal/ask"
	"r8scan/internal/version"
	"r8scan/verifier"
)

// maxJobs is how many repositories one process scans at a time.
const maxJobs = 256

func (c command) work() *cobra.Command {
	cfg := worker.Config{Log: c.err, Tool: version.Read().Tool()}
	var roles, operator string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "List, scan, verify and act, as one process of any number",
		Long: `List the sources that are queued or due, visit the repositories, and ask Replicate
about new tokens, and again after 1 hour, 6 hours and then daily, until it has refused a
token twice. With --config, have tokens disabled and tell of them, and with the role
serve also show the page and hear what others tell. Start as many processes as you
like, on one machine or, with PostgreSQL, on many: they share the work, and take over
what a dead one leaves. Ctrl-C ends this one.

The log goes to standard error, one JSON object a line.`,
		Example: `  r8scan-fleet run --until-idle
  r8scan-fleet run --role verify --metrics 127.0.0.1:9180
  r8scan-fleet run --role act,serve --config fleet.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := readOperator(&cfg, operator)
			if err == nil {
				err = checkRun(&cfg, roles)
			}
			if err == nil {
				cfg.SealTo, cfg.Keys, err = seal.FromEnvironment()
			}
			if err != nil {
				return err
			}
			return with(cmd.Context(), func(s *store.Store) error { return c.runWork(cmd.Context(), s, cfg) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&roles, "role", "discover,scan,verify,act", "what this process does: `discover`, scan, verify, act and serve, or some of them")
	f.StringVar(&operator, "config", "", "what is done about tokens, who is told, and what is served, as this `file` says; without it, nothing")
	f.BoolVar(&cfg.UntilIdle, "until-idle", false, "end when nothing is left to do now")
	f.IntVarP(&cfg.Jobs, "jobs", "j", runtime.NumCPU(), "`number` of small repositories at a time")
	f.IntVar(&cfg.HostRate, "host-rate", 600, "at most this `number` of requests a minute to one git server, of all processes")
	f.IntVar(&cfg.APIRate, "api-rate", verifier.DefaultRate, "at most this `number` of tokens a minute to ask about, of all processes")
	f.StringVar(&cfg.APIURL, "api-url", "", "ask this `URL` instead of "+verifier.DefaultBaseURL+" and r8.im: https, or http on localhost (or set "+ask.URLVariable+")")
	f.DurationVar(&cfg.Sweep, "sweep", 24*time.Hour, "visit a repository and list a source again after this `time`")
	f.StringVar(&cfg.Metrics, "metrics", "127.0.0.1:0", "serve /healthz and /metrics at this `address`, \"\" for none; port 0 takes a free one, which the log names")
	return cmd
}

// readOperator reads the operator's configuration, if a file is named.
func readOperator(cfg *worker.Config, file string) (err error) {
	if file != "" {
		cfg.Operator, err = config.Read(file)
	}
	return err
}

func checkRun(cfg *worker.Config, roles string) error {
	for role := range strings.SplitSeq(roles, ",") {
		switch role {
		case "discover":
			cfg.Does.Discover = true
		case "scan":
			cfg.Does.Scan = true
		case "verify":
			cfg.Does.Verify = true
		case "act":
			cfg.Does.Act = true
		case "serve":
			cfg.Serve = true
		default:
			return errors.New("--role: use discover, scan, verify, act or serve, or some of them with commas")
		}
	}
	switch {
	case cfg.Serve && (cfg.Operator == nil || cfg.Operator.Serve == nil):
		return errors.New("--role serve: say what is served, in the file of --config")
	case cfg.Does == ledger.Work{Act: true} && cfg.Operator == nil && !cfg.Serve:
		return errors.New("--role act: say what is done, in the file of --config")
	case cfg.Serve && cfg.UntilIdle:
		return errors.New("--until-idle: the role serve has no end")
	case cfg.Jobs < 1 || cfg.Jobs > maxJobs:
		return fmt.Errorf("--jobs %d: use 1 to %d", cfg.Jobs, maxJobs)
	case cfg.HostRate < 1:
		return fmt.Errorf("--host-rate %d: use 1 or more", cfg.HostRate)
	case cfg.APIRate < 1 || cfg.APIRate > verifier.DefaultRate:
		return fmt.Errorf("--api-rate %d: use 1 to %d", cfg.APIRate, verifier.DefaultRate)
	case cfg.Sweep < time.Minute:
		return fmt.Errorf("--sweep %s: use 1m or more", cfg.Sweep)
	}
	return nil
}

func (c command) runWork(ctx context.Context, s *store.Store, cfg worker.Config) error {
	if err := worker.Run(ctx, s, cfg); err != nil {
		return err
	}
	counts, err := c.counts(ctx, s)
	if err != nil {
		return err
	}
	writeCounts(c.err, counts)
	left := int64(0) // of hosts that ask to wait
	if cfg.UntilIdle && cfg.Does.Scan {
		left = counts.Repos[ledger.Queued] + counts.Repos[ledger.Scanning]
	}
	if left+counts.Partly+counts.Deferred+counts.Repos[ledger.Failed]+counts.Repos[ledger.Aside]+counts.Sources[ledger.Failed]+counts.Notices[ledger.Uncertain]+counts.Notices[ledger.Refused] > 0 {
		return exitError(exitIncomplete)
	}
	return nil
}
