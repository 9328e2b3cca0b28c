package agent

// codex is Codex. It has Claude Code's events, and a turn_id in each. It refuses
// an answer with a member that it does not know, and takes a systemMessage beside
// a denial for a failure of the hook in some versions, so the person's line is a
// part of the reason, which Codex shows.
var codex = dialect{
	is:     func(f fields) bool { return f["turn_id"] != nil },
	kinds:  claude.kinds,
	read:   readOutput,
	hides:  always,
	answer: answerCodex,
}

func answerCodex(e *event, v *verdict) any {
	switch {
	case !v.refused:
		return fields{}
	case e.kind == before:
		return denied(v)
	case e.kind == after: // the reason takes the output's place
		return fields{"decision": "block", "reason": v.model + "\n\n" + allText(v.masked)}
	}
	return fields{"decision": "block", "reason": v.person}
}
