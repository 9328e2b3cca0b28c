package hooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"r8scan/internal/output"
	"r8scan/internal/regular"
)

// errByHand says that a configuration has a form that r8scan does not edit.
var errByHand = errors.New("r8scan cannot edit it")

// huskyLines are the lines of husky's files, for people.
func huskyLines() string {
	var b strings.Builder
	for _, k := range usual(false) {
		fmt.Fprintf(&b, "  .husky/%-16s    r8scan %s\n", k.name, k.command)
	}
	return b.String()
}

// intoHusky adds a line to each of husky's files that has none of r8scan's.
func intoHusky(ctx context.Context, top string) (changed []string, err error) {
	for _, k := range usual(false) {
		path := filepath.Join(top, ".husky", k.name)
		text, err := readConfig(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return changed, err
		}
		if namesUs(text) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return changed, err
		}
		if err := replaceFile(ctx, path, fmt.Appendf(withLineEnd(text), "r8scan %s\n", k.command), 0o755); err != nil {
			return changed, err
		}
		changed = append(changed, path)
	}
	return changed, nil
}

// lefthookJobs are the jobs of each of lefthook's hooks, without their indent.
var lefthookJobs = [][2]string{
	{"pre-commit", "- run: r8scan staged\n"}, {"pre-merge-commit", "- run: r8scan staged\n"},
	{"commit-msg", "- run: r8scan commit-msg {1}\n"}, {"pre-push", "- run: r8scan push {0}\n  use_stdin: true\n"},
}

// lefthookLines are all of these, for people.
func lefthookLines() string {
	var b strings.Builder
	for _, hook := range lefthookJobs {
		b.WriteString(indent(hookOfJobs(hook[0], hook[1]), 2))
	}
	return b.String()
}

// hookOfJobs is a hook with one job, for a lefthook.yml that does not have the hook.
func hookOfJobs(hook, job string) string { return hook + ":\n  jobs:\n" + indent(job, 4) }

// lefthookFile returns lefthook's configuration if it is YAML, "" if it is not.
func lefthookFile(top string) string {
	for _, name := range []string{"lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".lefthook.yaml", ".config/lefthook.yml", ".config/lefthook.yaml"} {
		if path := filepath.Join(top, name); exists(path) {
			return path
		}
	}
	return ""
}

// intoLefthook adds jobs to lefthook.yml, in front of those that are there.
func intoLefthook(ctx context.Context, top string) (changed []string, err error) {
	path := lefthookFile(top)
	if path == "" {
		return nil, fmt.Errorf("lefthook's configuration is no YAML file: %w", errByHand)
	}
	return editYAML(ctx, path, func(text []byte) ([]byte, error) {
		for _, hook := range lefthookJobs {
			var err error
			if text, err = addJob(text, hook[0], hook[1]); err != nil {
				return nil, err
			}
		}
		return text, nil
	})
}

// addJob adds a job to one hook of a lefthook.yml.
func addJob(text []byte, hook, job string) ([]byte, error) {
	root, err := mappingOf(text)
	if err != nil {
		return nil, err
	}
	value := valueOf(root, hook)
	switch {
	case value == nil || value.Tag == "!!null":
		if value != nil {
			return nil, fmt.Errorf("%s has no value: %w", hook, errByHand)
		}
		return append(withLineEnd(text), hookOfJobs(hook, job)...), nil
	case value.Kind != yaml.MappingNode || value.Style&yaml.FlowStyle != 0 || len(value.Content) == 0:
		return nil, fmt.Errorf("%s is written in one line: %w", hook, errByHand)
	}
	if jobs := valueOf(value, "jobs"); jobs != nil {
		if jobs.Kind != yaml.SequenceNode || jobs.Style&yaml.FlowStyle != 0 || len(jobs.Content) == 0 {
			return nil, fmt.Errorf("the jobs of %s are written in one line: %w", hook, errByHand)
		}
		return insertLines(text, jobs.Line, indent(job, jobs.Column-1)), nil
	}
	first := value.Content[0]
	return insertLines(text, first.Line, indent("jobs:\n"+indent(job, 2), first.Column-1)), nil
}

// preCommitFile is the configuration of the pre-commit framework.
const preCommitFile = ".pre-commit-config.yaml"

// preCommitLines are r8scan's hooks in it, for the r8scan on PATH.
const preCommitLines = `  - repo: local
    hooks:
      - id: r8scan
        name: r8scan
        entry: r8scan staged
        language: system
        stages: [pre-commit, pre-merge-commit, pre-push]
        pass_filenames: false
        always_run: true
      - id: r8scan-commit-msg
        name: r8scan (commit message)
        entry: r8scan commit-msg
        language: system
        stages: [commit-msg]
`

// intoPreCommit adds r8scan's hooks in front of the others.
func intoPreCommit(ctx context.Context, top string) (changed []string, err error) {
	return editYAML(ctx, filepath.Join(top, preCommitFile), func(text []byte) ([]byte, error) {
		root, err := mappingOf(text)
		if err != nil {
			return nil, err
		}
		repos := valueOf(root, "repos")
		switch {
		case repos == nil:
			return append(withLineEnd(text), "repos:\n"+preCommitLines...), nil
		case repos.Kind != yaml.SequenceNode || repos.Style&yaml.FlowStyle != 0 || len(repos.Content) == 0:
			return nil, fmt.Errorf("its repos are written in one line: %w", errByHand)
		}
		return insertLines(text, repos.Line, indent(outdent(preCommitLines), repos.Column-1)), nil
	})
}

// editYAML changes a configuration that does not name r8scan yet. The result must
// be YAML too.
func editYAML(ctx context.Context, path string, edit func([]byte) ([]byte, error)) (changed []string, err error) {
	text, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	if namesUs(text) {
		return nil, nil
	}
	crlf := bytes.Contains(text, []byte("\r\n"))
	if crlf {
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	}
	edited, err := edit(text)
	if err == nil {
		_, err = mappingOf(edited)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if crlf {
		edited = bytes.ReplaceAll(edited, []byte("\n"), []byte("\r\n"))
	}
	if err := replaceFile(ctx, path, edited, 0o644); err != nil {
		return nil, err
	}
	return []string{path}, nil
}

// readConfig reads a regular file that is no link.
func readConfig(path string) ([]byte, error) {
	text, err := regular.Read(path, maxConfig)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %s", path, regular.Reason(err))
	}
	return text, err
}

// replaceFile writes a file completely or not at all. A file that is there keeps its
// mode.
func replaceFile(ctx context.Context, path string, text []byte, mode fs.FileMode) error {
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	return output.Replace(ctx, path, mode, output.Bytes(text))
}

// mappingOf parses a YAML document that is a mapping, or empty.
func mappingOf(text []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("it is not YAML that can be read: %w", errByHand)
	}
	if len(doc.Content) == 0 {
		return &yaml.Node{Kind: yaml.MappingNode}, nil
	}
	if root := doc.Content[0]; root.Kind == yaml.MappingNode && root.Style&yaml.FlowStyle == 0 {
		return root, nil
	}
	return nil, fmt.Errorf("it is no block of keys: %w", errByHand)
}

// valueOf returns the value of a key of a mapping, nil if there is none.
func valueOf(m *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// insertLines inserts text in front of a line, which counts from 1.
func insertLines(text []byte, line int, insert string) []byte {
	at := 0
	for range line - 1 {
		at += bytes.IndexByte(text[at:], '\n') + 1
	}
	return append(text[:at:at], insert+string(text[at:])...)
}

func indent(text string, by int) string {
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = strings.Repeat(" ", by) + line
		}
	}
	return strings.Join(lines, "")
}

// outdent removes the indent of two that preCommitLines has.
func outdent(text string) string {
	return strings.TrimPrefix(strings.ReplaceAll(text, "\n  ", "\n"), "  ")
}

func withLineEnd(text []byte) []byte {
	if len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
		return append(text, '\n')
	}
	return text
}
