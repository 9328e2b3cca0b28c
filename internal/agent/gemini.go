package agent

import "strings"

// gemini is Gemini CLI: https://geminicli.com/docs/hooks/reference
var gemini = dialect{
	is: func(f fields) bool {
		name := nameOf(f)
		return strings.HasPrefix(name, "BeforeA") || strings.HasPrefix(name, "BeforeT") || strings.HasPrefix(name, "AfterT")
	},
	kinds: map[string]kind{"BeforeAgent": prompt, "BeforeTool": before, "AfterTool": after},
	read: func(e *event, f fields) {
		e.output = f["tool_response"]
		if response, ok := e.output.(fields); ok && response["llmContent"] != nil {
			e.output = response["llmContent"] // the rest is for the person's screen
		}
	},
	hides:  always,
	answer: answerGemini,
}

func answerGemini(e *event, v *verdict) any {
	switch {
	case !v.refused:
		return fields{}
	case e.kind == prompt:
		return fields{"decision": "deny", "reason": v.person}
	}
	reason := v.model
	if e.kind == after { // the reason takes the output's place
		reason += "\n\n" + allText(v.masked)
	}
	return fields{"decision": "deny", "reason": reason, "systemMessage": v.person}
}
