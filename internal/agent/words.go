package agent

import (
	"fmt"
	"path/filepath"

	"r8scan/internal/advice"
	"r8scan/result"
	"r8scan/rules"
)

// refuse refuses what for a reason, and tells the model what to do instead.
func (v *verdict) refuse(what, why, instead string) {
	v.refused = true
	v.person = fmt.Sprintf("r8scan refused %s: %s.", what, why)
	v.instead = instead
	v.model = v.person + " " + instead
}

// named names a token without showing it.
func named(f finding) string { return fmt.Sprintf("%s (%s)", f.Rule.Title, f.Secret.Mask()) }

// words says what git does with a file.
func (c custody) words() string {
	switch c {
	case tracked:
		return "that git tracks"
	case taken:
		return "that the next git add would add"
	case noGit:
		return "in a folder without git: a later git add would add it"
	}
	return "outside the working folder, where r8scan cannot tell what git does with it"
}

// keepOut says where a token may be, for models that would look for a way around.
const keepOut = "Do not encode, split or rename it. The value belongs into the environment, or into a file that git ignores, such as .env."

// guarded is what a model is told that tries to switch a check off.
const guarded = "Only a person may change this. Do not look for another way: ask the person to make the change."

// instead says what to write in a file.
func instead(p advice.Place, f finding) string {
	line := advice.Of(p).Instead(advice.Variable(f.Rule.ID, f.Variable)).String()
	if line == "" {
		return keepOut
	}
	return line + " " + keepOut
}

// insteadInCall says what to write in a call. command is the shell's, if it is one.
func insteadInCall(command string, f finding) string {
	if command != "" {
		return instead(advice.Place{Path: "command.sh", Kind: result.KindFile, Text: f.context}, f)
	}
	return fmt.Sprintf("Let the tool read %s from its own environment, which a person sets. %s", advice.Variable(f.Rule.ID, f.Variable), keepOut)
}

// mayHold reports whether a file outside git may hold a token: an environment file.
func mayHold(path string) bool {
	switch advice.Of(advice.Place{Path: path, Kind: result.KindFile}).ID {
	case "env", "replicate-cli":
		return true
	}
	return false
}

// disable is where tokens are disabled.
const disable = "https://replicate.com/account/api-tokens"

// wordsOnPrompt tells a person why a prompt was not sent.
func wordsOnPrompt(f finding, transcript string) string {
	where := "The agent's transcript"
	if transcript != "" {
		where += " (" + filepath.ToSlash(transcript) + ")"
	}
	return fmt.Sprintf("r8scan: the prompt was not sent, because it has a %s. %s may still hold it: look there, and disable the token at %s if it does. Name the environment variable %s instead.",
		named(f), where, disable, advice.Variable(f.Rule.ID, f.Variable))
}

// wordsOnOutput tells of an output with a token: to the person, and to the model.
func wordsOnOutput(e *event, f finding) (person, model string) {
	what, then := "the output of "+e.tool, "The model gets it masked."
	switch {
	case e.kind == shown:
		what, then = "the file", "The model does not get the file."
	case !e.hides:
		then = "The model has seen it, because the agent lets nobody change an output: disable the token at " + disable + " if that matters."
	}
	person = fmt.Sprintf("r8scan: %s shows a %s. %s", what, named(f), then)
	model = fmt.Sprintf("r8scan: %s shows a %s. Work without its value: use the environment variable %s. Do not repeat, copy or encode it.",
		what, named(f), advice.Variable(f.Rule.ID, f.Variable))
	return person, model
}

// redact masks the tokens in a text.
func redact(text string) string { return rules.Redact(text) }
