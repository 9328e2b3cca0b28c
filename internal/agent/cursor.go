package agent

import "strings"

// cursor is Cursor: https://cursor.com/docs/hooks. It refuses a call whose hook
// answers with anything but an object that it knows, and takes "allow" for a
// person's consent, so what passes is answered with an empty object.
var cursor = dialect{
	is: func(f fields) bool {
		return f["cursor_version"] != nil || f["workspace_roots"] != nil || f["generation_id"] != nil
	},
	kinds: map[string]kind{
		"beforeSubmitPrompt": prompt, "UserPromptSubmit": prompt, // the second are Claude Code's, whose settings Cursor also reads
		"preToolUse": before, "PreToolUse": before, "beforeShellExecution": before, "beforeMCPExecution": before,
		"postToolUse": after, "PostToolUse": after, "afterShellExecution": after, "afterMCPExecution": after,
		"beforeReadFile": shown, "beforeTabFileRead": shown,
		"afterFileEdit": edited, "afterTabFileEdit": edited,
	},
	read:   readCursor,
	hides:  hidesCursor,
	answer: answerCursor,
}

func readCursor(e *event, f fields) {
	e.input = unpacked(e.input)
	switch e.name {
	case "beforeShellExecution", "afterShellExecution":
		e.tool, e.input, e.output = "Shell", fields{"command": text(f, "command")}, f["output"]
	case "beforeMCPExecution":
		e.tool = "MCP:" + e.tool
	case "afterMCPExecution":
		e.output = unpacked(f["result_json"])
	case "beforeReadFile", "beforeTabFileRead":
		e.tool, e.input, e.output = "Read", fields{"file_path": text(f, "file_path")}, f["content"]
	case "afterFileEdit", "afterTabFileEdit":
		e.tool, e.input = "Edit", fields{"file_path": text(f, "file_path"), "edits": f["edits"]}
	case "postToolUse", "PostToolUse":
		if e.output = unpacked(f["tool_output"]); e.output == nil {
			e.output = f["tool_response"]
		}
	}
}

// hidesCursor: Cursor replaces the output of MCP tools only.
func hidesCursor(e *event) bool {
	return e.kind == shown || e.name == "afterMCPExecution" || strings.HasPrefix(e.tool, "MCP:")
}

func answerCursor(e *event, v *verdict) any {
	switch {
	case !v.refused || e.kind == edited: // its person is told by a note
		return fields{}
	case e.kind == prompt:
		return fields{"continue": false, "user_message": v.person}
	case e.kind == after && e.hides:
		return fields{"updated_mcp_tool_output": v.masked, "additional_context": v.model}
	case e.kind == after:
		return fields{"additional_context": v.model}
	}
	// versions before 2.0 read the second form of the names
	return fields{"permission": "deny", "user_message": v.person, "agent_message": v.model,
		"userMessage": v.person, "agentMessage": v.model}
}
