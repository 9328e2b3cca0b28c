package agent

// copilot is Copilot in VS Code. Its events are Claude Code's, with a timestamp,
// and in older versions with names such as hookEventName.
// https://code.visualstudio.com/docs/copilot/customization/hooks
var copilot = dialect{
	is:     func(f fields) bool { return f["hookEventName"] != nil || f["timestamp"] != nil },
	kinds:  claude.kinds,
	read:   readOutput,
	hides:  never,
	answer: answerCopilot,
}

func answerCopilot(e *event, v *verdict) any {
	switch {
	case !v.refused, e.kind == before:
		return answerClaude(e, v)
	case e.kind == after:
		return fields{"decision": "block", "reason": v.model, "systemMessage": v.person,
			"hookSpecificOutput": fields{"hookEventName": e.name, "additionalContext": v.model}}
	}
	return fields{"continue": false, "stopReason": v.person, "systemMessage": v.person}
}
