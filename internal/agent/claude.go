package agent

// claude is Claude Code. Its answers: https://code.claude.com/docs/en/hooks
var claude = dialect{
	is:     func(fields) bool { return true },
	kinds:  map[string]kind{"UserPromptSubmit": prompt, "PreToolUse": before, "PostToolUse": after},
	read:   readOutput,
	hides:  always,
	answer: answerClaude,
}

func readOutput(e *event, f fields) { e.output = f["tool_response"] }

func answerClaude(e *event, v *verdict) any {
	switch {
	case !v.refused:
		return fields{}
	case e.kind == before:
		out := denied(v)
		out["systemMessage"] = v.person
		return out
	case e.kind == after:
		return fields{"decision": "block", "reason": v.model, "systemMessage": v.person,
			"hookSpecificOutput": fields{"hookEventName": e.name, "updatedToolOutput": withoutCopy(v.masked)}}
	}
	return fields{"decision": "block", "reason": v.person}
}

// denied refuses a tool's call.
func denied(v *verdict) fields {
	return fields{"hookSpecificOutput": fields{
		"hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": v.model}}
}

// withoutCopy leaves out where Claude Code keeps a long output: it would show the
// copy in place of the output.
func withoutCopy(output any) any {
	if f, ok := output.(fields); ok {
		delete(f, "persistedOutputPath")
		delete(f, "persistedOutputSize")
	}
	return output
}
