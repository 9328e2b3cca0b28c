package report_test

import (
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"r8scan/report"
	"r8scan/result"
	"r8scan/rules"
)

// started is when the scan of the examples began. It took a quarter of a second.
var started = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)

const took = 250 * time.Millisecond

// found is what a scan might return: one token, in one file. It is put together
// here so that no whole token stands in the source.
func found() result.Result {
	token := "r8_" + strings.Repeat("Q7w", 12) + "x"
	return result.Result{
		Target:   result.Target{Kind: "files", Path: "."},
		Coverage: result.Coverage{Files: 12, Bytes: 3400},
		Findings: []result.Finding{{
			Rule:       rules.APIToken.ID,
			Secret:     rules.NewSecret(token, 5),
			Confidence: rules.High,
			Exposure:   result.ExposureUntracked,
			Locations:  []result.Location{{Path: "app.py", Line: 3, Column: 9, EndColumn: 49, Kind: result.KindFile}},
		}},
	}
}

// A result as text for people, and what is said about the scan as a whole.
func Example() {
	doc := report.New(found(), report.Tool{Name: "example", Version: "1.0.0"}, started, took)
	text, err := report.ByName("text")
	if err != nil {
		log.Fatal(err)
	}
	if err := text(os.Stdout, doc, report.Options{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println()
	if err := report.Summary(os.Stdout, doc, report.Options{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1 token to take out of files before they are committed.
	// Nobody has asked Replicate whether it is live: --verify asks.
	//
	// Not in git: take out before it is committed (1 token)
	//   1. If this was ever shared (sent, synced, copied into an image), disable the
	//      token at https://replicate.com/account/api-tokens and create a new one.
	//   2. Move the token out of the file into an environment variable before the next
	//      commit.
	//        r8scan fix app.py
	//
	//   r8_Q7***********************************  id 66b1d95da02ebb23
	//     app.py:3:9
	//       Write os.environ["REPLICATE_API_TOKEN"] instead (it needs import os).
	//
	// 1 token in 1 place; read 12 files, 3.4 kB in 250ms
}

// A result as JSON, in the form that Read reads.
func ExampleByName() {
	doc := report.New(found(), report.Tool{Name: "example", Version: "1.0.0"}, started, took)
	json, err := report.ByName("json")
	if err != nil {
		log.Fatal(err)
	}
	if err := json(os.Stdout, doc, report.Options{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// {
	//   "schema": "r8scan/1",
	//   "tool": {
	//     "name": "example",
	//     "version": "1.0.0"
	//   },
	//   "target": {
	//     "kind": "files",
	//     "path": "."
	//   },
	//   "started_at": "2024-01-02T03:04:05Z",
	//   "duration_ms": 250,
	//   "complete": true,
	//   "coverage": {
	//     "files": 12,
	//     "bytes": 3400,
	//     "objects": 0,
	//     "commits": 0,
	//     "archive_members": 0,
	//     "unread": []
	//   },
	//   "allowed": [],
	//   "left_out": {},
	//   "findings": [
	//     {
	//       "rule": "replicate-api-token",
	//       "token": "r8_Q7***********************************",
	//       "token_id": "66b1d95da02ebb23",
	//       "confidence": "high",
	//       "exposure": "untracked",
	//       "verification": {
	//         "status": "unchecked"
	//       },
	//       "locations": [
	//         {
	//           "path": "app.py",
	//           "line": 3,
	//           "column": 9,
	//           "end_column": 49,
	//           "kind": "file"
	//         }
	//       ],
	//       "history": null
	//     }
	//   ]
	// }
}

// A saved result, and one that is of another shape.
func ExampleRead() {
	var saved strings.Builder
	json, err := report.ByName("json")
	if err != nil {
		log.Fatal(err)
	}
	doc := report.New(found(), report.Tool{Name: "example", Version: "1.0.0"}, started, took)
	if err := json(&saved, doc, report.Options{}); err != nil {
		log.Fatal(err)
	}
	doc, err = report.Read(strings.NewReader(saved.String()))
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range doc.Findings {
		fmt.Println(f.Token, f.Exposure, f.Locations[0].Path)
	}
	_, err = report.Read(strings.NewReader(`{"schema": "r8scan/9"}`))
	fmt.Println(err)
	// Output:
	// r8_Q7*********************************** untracked app.py
	// read result: its schema is "r8scan/9", not "r8scan/1": scan again with this version of r8scan
}

// The names that ByName takes. Any other is an error.
func ExampleFormats() {
	fmt.Println(report.Formats())
	_, err := report.ByName("xml")
	fmt.Println(err)
	// Output:
	// [text json jsonl sarif html markdown github gitlab codequality csv junit]
	// unknown format "xml": use one of text, json, jsonl, sarif, html, markdown, github, gitlab, codequality, csv, junit
}
