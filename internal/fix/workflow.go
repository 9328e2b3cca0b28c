package fix

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// workflow replaces a credential in a workflow of GitHub: where a secret can be
// read, by it, and in a script by a variable of the step that gets it.
func (v value) workflow() answer {
	switch {
	case v.lastKey() == "run" && v.below("steps"):
		return v.step()
	case slices.Contains([]string{"env", "credentials"}, v.parentKey()), v.parentKey() == "with" && v.below("steps"), v.parentKey() == "secrets" && v.below("jobs"):
		return v.put(v.t.lookup())
	}
	return left("a secret cannot be read there")
}

// step replaces a credential in the script of a step.
func (v value) step() answer {
	var a answer
	switch shell := v.shell(); {
	case shell == "" || strings.HasPrefix(shell, "bash") || strings.HasPrefix(shell, "sh"):
		a = v.script()
	case strings.HasPrefix(shell, "pwsh"), strings.HasPrefix(shell, "powershell"):
		a = v.powershell()
	default:
		return left("r8scan cannot write the language of this step")
	}
	if a.why != "" || v.hasVariable() {
		return a
	}
	e, ok := v.variableOfStep()
	if !ok {
		return left("the variables of the step are in braces")
	}
	a.edits = append(a.edits, e)
	return a
}

// powershell replaces a credential in a script of PowerShell.
func (v value) powershell() answer {
	if v.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		return left(whyForm)
	}
	lang := powershell()
	l := lex(lang, v.text()[v.in:v.out])
	t := *v.t
	t.Start, t.End = t.Start-v.in, t.End-v.in
	s := (*span)(nil)
	if l != nil {
		s = l.spanAt(t.Start, t.End)
	}
	if s == nil || s.kind == other {
		return left(whyNoString)
	}
	at := &site{lexed: l, span: *s, match: t.Match, variable: t.variable, lookup: "$env:" + t.variable}
	if s.kind == comment {
		at.name()
	} else {
		replacePowerShell(at)
	}
	if at.why != "" {
		return left(at.why)
	}
	return answer{edits: shifted(at.edits, v.in)}
}

// levels returns the mappings of the step, the job and the workflow.
func (v value) levels() (all []*yaml.Node) {
	for i := len(v.parent) - 1; i >= 0; i-- {
		if v.parent[i].Kind == yaml.MappingNode {
			all = append(all, v.parent[i])
		}
	}
	return all
}

// shell returns the shell that runs the script, "" for the default one.
func (v value) shell() string {
	levels := v.levels()
	if _, shell := child(levels[0], "shell"); shell != nil {
		return shell.Value
	}
	for _, l := range levels[1:] {
		_, defaults := child(l, "defaults")
		_, run := child(defaults, "run")
		if _, shell := child(run, "shell"); shell != nil {
			return shell.Value
		}
	}
	for _, l := range levels[1:] {
		if _, on := child(l, "runs-on"); on != nil && strings.Contains(on.Value, "windows") {
			return "pwsh"
		}
	}
	return ""
}

// hasVariable reports whether the step gets the variable already.
func (v value) hasVariable() bool {
	for _, l := range v.levels() {
		_, env := child(l, "env")
		if key, _ := child(env, v.t.variable); key != nil {
			return true
		}
	}
	return false
}

// variableOfStep returns the edit that gives the step the variable.
func (v value) variableOfStep() (edit, bool) {
	step := v.levels()[0]
	nl := lineEnd(v.text())
	line := v.t.variable + ": ${{ secrets." + v.t.variable + " }}"
	run, _ := child(step, "run")
	if key, env := child(step, "env"); key != nil {
		if env.Kind != yaml.MappingNode || env.Style&yaml.FlowStyle != 0 || len(env.Content) == 0 {
			return edit{}, false
		}
		at := v.tree.offset(env.Content[0].Line, env.Content[0].Column)
		return edit{at, at, line + nl + strings.Repeat(" ", env.Content[0].Column-1)}, env.Content[0].Line != key.Line
	}
	margin := strings.Repeat(" ", run.Column-1)
	block := "env:" + nl + margin + "  " + line + nl
	if v.flow {
		return edit{}, false
	}
	if at := v.tree.offset(run.Line, run.Column); step.Content[0] != run {
		return edit{at, at, block + margin}, true
	}
	at := v.out + lineLen(v.text()[v.out:])
	next := behindLineEnd(v.text(), at)
	if next == at { // the last line has no end
		return edit{at, at, nl + margin + strings.TrimSuffix(block, nl)}, true
	}
	return edit{next, next, margin + block}, true
}
