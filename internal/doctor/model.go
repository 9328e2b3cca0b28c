package doctor

import (
	"context"
	"os"
	"strings"

	"r8scan/internal/advice"
	"r8scan/internal/ask"
	"r8scan/internal/cog"
	"r8scan/internal/door"
	"r8scan/rules"
	"r8scan/verifier"
)

// ExamineModel asks api, with the token in the environment, which inputs a model has,
// and checks those that are secret or look it.
func ExamineModel(ctx context.Context, api *verifier.Verifier, m verifier.Model) (Checks, error) {
	e, err := newEnvironment()
	if err != nil {
		return nil, err
	}
	checks := Checks(checkToken(e))
	if !e.token.Askable || e.token.Placeholder {
		return append(checks, Check{levelWarning, modelName(m), "was not asked about: there is no token to ask with", "The API says what a model is only to who has a token.", ""}), ctx.Err()
	}
	answer, verdict := api.Model(ctx, e.token.Secret, m)
	if verdict.Status != verifier.Live {
		return append(checks, modelUnknown(e, m, verdict)), ctx.Err()
	}
	return append(checks, checkInputs(m, answer)...), ctx.Err()
}

func modelName(m verifier.Model) string { return "model " + m.String() }

// modelUnknown says why there is no answer about a model.
func modelUnknown(e *environment, m verifier.Model, verdict verifier.Verdict) Check {
	if verdict.Status == verifier.Revoked {
		meaning, next := ask.Advise(e.token, verdict)
		return Check{levelError, ask.TokenVariable, "the token is refused", meaning, next}
	}
	return Check{levelError, modelName(m), "no answer about it: " + verdict.Reason, "Its inputs are not known, and a client here may not run it.", "check the name, whose the token is (r8scan verify), the network, the proxy and Replicate's status page"}
}

// checkInputs checks the inputs in what the API answers about a model.
func checkInputs(m verifier.Model, answer []byte) []Check {
	inputs, err := cog.Inputs(answer)
	if err != nil {
		return []Check{{levelWarning, modelName(m), "its inputs are not known: " + err.Error(), "Whether it takes secrets was not checked.", "look at its page on replicate.com: secret inputs are password fields there"}}
	}
	var out []Check
	for _, in := range inputs {
		switch {
		case in.Secret:
			out = append(out, secretCheck(m, in))
		case in.Looks:
			out = append(out, Check{levelWarning, modelName(m), inputName(in) + " looks secret, and is not declared so",
				"Whoever sees the prediction or its logs can read what you give: Replicate hides declared secrets only.",
				"give it no key that matters, or only one that you revoke afterwards; ask the model's author to type it Secret"})
		}
	}
	if out == nil {
		return []Check{{levelOK, modelName(m), "has no secret input, and none that looks secret", "", ""}}
	}
	return out
}

// secretCheck says whether the environment has a secret input.
func secretCheck(m verifier.Model, in cog.Input) Check {
	name := advice.Variable(rules.SecretInput.ID, in.Name)
	const is = " is secret"
	for _, variable := range []string{name, strings.TrimPrefix(name, "MODEL_")} {
		switch value, set := os.LookupEnv(variable); {
		case value != "":
			return Check{levelOK, modelName(m), inputName(in) + is + ", and " + variable + " is set", "", ""}
		case set:
			return Check{levelWarning, modelName(m), inputName(in) + is + ", and " + variable + " is set, but empty", "A client that passes it on passes nothing.", setInput(in, variable)}
		}
	}
	if in.Required {
		return Check{levelWarning, modelName(m), inputName(in) + is + " and required, and " + name + " is not set", "The model does not run without it.", setInput(in, name)}
	}
	return Check{levelOK, modelName(m), inputName(in) + is + " and optional, and " + name + " is not set", "", ""}
}

// setInput says how to give an input without writing it into the code.
func setInput(in cog.Input, variable string) string {
	return "export " + variable + "=<the secret>; and in Python pass " + `"` + door.Printable(in.Name) + `": os.environ["` + variable + `"]`
}

func inputName(in cog.Input) string {
	if in.Training {
		return "the input " + door.Printable(in.Name) + " of trainings"
	}
	return "the input " + door.Printable(in.Name)
}
