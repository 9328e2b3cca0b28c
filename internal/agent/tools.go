package agent

import (
	"slices"
	"strings"
)

// change is what a tool does to one file.
type change struct {
	path    string
	from    string // the file that it is made of, if a patch moves one; else ""
	removed bool
	content *string // all of the file; nil if it is edited
	edits   []edit
	hunks   []hunk
	loose   []string // texts for a place in the file that is not known
}

// editors are the agents' own tools that write files, and how their input is read.
// The call of any other tool is judged as it is.
var editors = map[string]func(input any) (changes []change, rest any){
	// Claude Code, Cursor
	"Write": fileChanges, "Edit": fileChanges, "MultiEdit": fileChanges, "NotebookEdit": fileChanges,
	"StrReplace": fileChanges, "EditNotebook": fileChanges, "Delete": removal,
	// Gemini CLI
	"write_file": fileChanges, "replace": fileChanges,
	// Copilot in VS Code
	"create_file": fileChanges, "createFile": fileChanges, "copilot_createFile": fileChanges,
	"replace_string_in_file": fileChanges, "copilot_replaceString": fileChanges,
	"multi_replace_string_in_file": fileChanges, "copilot_multiReplaceString": fileChanges,
	"insert_edit_into_file": fileChanges, "copilot_insertEdit": fileChanges,
	"edit_notebook_file": fileChanges, "copilot_editNotebook": fileChanges,
	// Codex, and Copilot with some models
	"apply_patch": patchChanges, "applyPatch": patchChanges, "copilot_applyPatch": patchChanges, "ApplyPatch": patchChanges,
}

// changesOf returns what a call does to files, and what else is in its input.
func changesOf(tool string, input any) (changes []change, rest any) {
	if read := editors[tool]; read != nil {
		return read(input)
	}
	return nil, input
}

// The names of members in the input of tools that write files.
var (
	pathNames    = []string{"file_path", "filePath", "notebook_path", "target_notebook", "target_file", "absolute_path", "path"}
	contentNames = []string{"content", "contents", "file_text"}
	oldNames     = []string{"old_string", "oldString", "old_str"}
	newNames     = []string{"new_string", "newString", "new_str"}
	looseNames   = []string{"new_source", "newCode", "code", "code_edit"}
	listNames    = []string{"edits", "replacements"}
	patchNames   = []string{"command", "input", "patch"}
)

// fileChanges reads the input of a tool that writes or edits files.
func fileChanges(input any) ([]change, any) {
	f, ok := input.(fields)
	if !ok {
		return nil, input
	}
	changes := oneFile(f, "")
	for _, name := range listNames {
		list, _ := f[name].([]any)
		for _, item := range list {
			if one, ok := item.(fields); ok {
				changes = append(changes, oneFile(one, text(f, pathNames...))...)
			}
		}
	}
	if len(changes) == 0 {
		return nil, input
	}
	return changes, without(f, contentNames, oldNames, newNames, looseNames, listNames)
}

// oneFile reads an object with a change of a file. path is the file of an object
// that names none.
func oneFile(f fields, path string) []change {
	c := change{path: path}
	if own := text(f, pathNames...); own != "" {
		c.path = own
	}
	content, whole := lookText(f, contentNames...)
	after, isEdit := lookText(f, newNames...)
	loose, isLoose := lookText(f, looseNames...)
	switch {
	case c.path == "":
		return nil
	case whole:
		c.content = &content
	case isEdit:
		c.edits = []edit{{old: text(f, oldNames...), new: after, all: replacesAll(f)}}
	case isLoose:
		c.loose = []string{loose}
	default:
		return nil
	}
	return []change{c}
}

// replacesAll reports whether an edit replaces each occurrence.
func replacesAll(f fields) bool {
	for _, name := range []string{"replace_all", "replaceAll", "allow_multiple"} {
		if all, ok := f[name].(bool); ok && all {
			return true
		}
	}
	return f["expected_replacements"] != nil
}

// joined makes one change of the edits of one file, in their order: a token may come
// together in the second of them. file tells which file a path is.
func joined(changes []change, file func(path string) string) (out []change) {
	for _, c := range changes {
		at := slices.IndexFunc(out, func(o change) bool {
			return o.content == nil && c.content == nil && !o.removed && !c.removed && o.from == "" && c.from == "" && file(o.path) == file(c.path)
		})
		if at < 0 {
			out = append(out, c)
			continue
		}
		out[at].edits = append(out[at].edits, c.edits...)
		out[at].hunks = append(out[at].hunks, c.hunks...)
		out[at].loose = append(out[at].loose, c.loose...)
	}
	return out
}

// without returns a copy of f without some members.
func without(f fields, names ...[]string) fields {
	out := make(fields, len(f))
	for key, v := range f {
		out[key] = v
	}
	for _, list := range names {
		for _, name := range list {
			delete(out, name)
		}
	}
	return out
}

// removal reads the input of a tool that deletes a file.
func removal(input any) ([]change, any) {
	f, ok := input.(fields)
	if !ok || text(f, pathNames...) == "" {
		return nil, input
	}
	return []change{{path: text(f, pathNames...), removed: true}}, input
}

// patchChanges reads the input of apply_patch: a patch, or an object with one.
func patchChanges(input any) ([]change, any) {
	patch, ok := input.(string)
	f, isObject := input.(fields)
	if isObject {
		patch, ok = lookText(f, patchNames...)
	}
	if !ok || !strings.Contains(patch, patchBegin) {
		return nil, input
	}
	changes, rest := parsePatch(patch)
	if !isObject {
		return changes, rest
	}
	return changes, []any{without(f, patchNames), rest}
}
