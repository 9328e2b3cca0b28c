package cog

import (
	"fmt"
	"strings"
	"testing"
)

// describe writes parameters in a form that is easy to compare.
func describe(params []Param) string {
	var out []string
	for _, p := range params {
		s := fmt.Sprintf("%s@%d", p.Name, p.Line)
		for _, is := range []struct {
			bool
			word string
		}{{p.Secret, "secret"}, {p.Text, "str"}, {p.Choices, "choices"}, {p.Default, "default"}, {p.Looks(), "LOOKS"}} {
			if is.bool {
				s += " " + is.word
			}
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

// TestParams reads signatures in the forms that people write.
func TestParams(t *testing.T) {
	method := func(params string) string {
		return "from cog import BasePredictor, Input\n\nclass Predictor(BasePredictor):\n    def setup(self): pass\n    def predict(self, " + params + ") -> str:\n        return x\n"
	}
	for _, c := range []struct{ name, text, want string }{
		{"plain", method("prompt: str, api_key: str"), "prompt@5 str; api_key@5 str LOOKS"},
		{"secret", method("api_key: Secret, hf_token: cog.Secret"), "api_key@5 secret; hf_token@5 secret"},
		{"optional", method("a_token: Optional[str] = None, b_token: str | None = None, c_token: Optional[Secret] = None, d_token: Union[str, None] = None"),
			"a_token@5 str LOOKS; b_token@5 str LOOKS; c_token@5 secret; d_token@5 str LOOKS"},
		{"alias", "from cog import Secret as S\n" + method("api_key: S"), "api_key@6 secret"},
		{"quoted", method(`api_key: "str", hf_token: "Optional[Secret]" = None`), "api_key@5 str LOOKS; hf_token@5 secret"},
		{"annotated", method(`api_key: Annotated[str, "a, b"] = ""`), "api_key@5 str LOOKS"},
		{"defaults", method(`a_key: str = "sk-x", b_key: str = "", c_key: str = Input(default="x"), d_key: str = Input(default=""), e_key: str = Input(default=None), f_key: str = r'fur'`),
			"a_key@5 str default LOOKS; b_key@5 str LOOKS; c_key@5 str default LOOKS; d_key@5 str LOOKS; e_key@5 str LOOKS; f_key@5 str default LOOKS"},
		{"choices", method(`a_key: str = Input(choices=["C", "D"]), b_key: Literal["x"] = "x"`), "a_key@5 str choices; b_key@5 choices default"},
		{"other types", method("n: int = Input(ge=1, le=5), image: Path = Input(description=\"a, b: c (d\"), tokens: list[str] = [], a_token: dict[str, str] = {}"), "n@5; image@5; tokens@5; a_token@5"},
		{"names", method("key: str, max_tokens: str, trigger_token: str, password: str, wandb_api_key: str, secret: str, webhook_secret: str"),
			"key@5 str; max_tokens@5 str; trigger_token@5 str; password@5 str LOOKS; wandb_api_key@5 str LOOKS; secret@5 str LOOKS; webhook_secret@5 str LOOKS"},
		{"stars and lambdas", method("*, a_key: str = f(lambda x=1: (x, 2)), /, **kwargs: str"), "a_key@5 str LOOKS"},
		{"untyped", method("api_key, hf_token=None"), ""},
		{"lines and comments", "class Predictor:\n    @torch.inference_mode()\n    def predict(\n        self,  # api_key: str\n        # hf_token: str = Input(),\n        prompt: str = Input(\n            description='''It's (a\n            prompt), token: str''',\n        ),\n        hf_token: str = Input(description=\"# not, a: comment\"),\n    ): ...\n",
			"prompt@6 str; hf_token@10 str LOOKS"},
		{"CRLF", "class Predictor:\r\n    def predict(self,\r\n        hf_token: str,\r\n    ):\r\n        pass\r\n", "hf_token@3 str LOOKS"},
		{"a backslash", "class Predictor:\n  def predict \\\n    (self, hf_token: str): pass", "hf_token@3 str LOOKS"},
		{"a function", "def Predictor(hf_token: str = Input()) -> str:\n    return 1", "hf_token@1 str LOOKS"},
		{"async", "class Predictor:\n    async def predict(self, hf_token: str): pass", "hf_token@2 str LOOKS"},
		{"run", "class Predictor(BaseRunner):\n    def run(self, hf_token: str): pass", "hf_token@2 str LOOKS"},
		{"in a docstring", "\"\"\"\nclass Predictor:\n    def predict(self, hf_token: str): pass\n\"\"\"\nclass Predictor:\n    def predict(self, a: int): pass", "a@6"},
		{"a function inside", "class Predictor:\n    def setup(self):\n        def predict(hf_token: str): pass\n    def predict(self, a: int): pass", "a@4"},
		{"of another class", "class Other:\n    def predict(self, hf_token: str): pass\nclass Predictor:\n    def predict(self, a: int): pass", "a@4"},
		{"a base", "class Base:\n    def predict(self, hf_token: str): pass\nclass Predictor(Base):\n    pass", "hf_token@2 str LOOKS"},
		{"no input", "class Predictor:\n    def predict(self): pass", ""},
		{"UTF-8", "class Predictor:\n    def predict(self, bild: str = Input(description=\"größe, (\"), hf_token: str = \"\"): pass", "bild@2 str; hf_token@2 str LOOKS"},
	} {
		params, err := Params([]byte(c.text), Entry{"predict", "predict.py", "Predictor"})
		if got := describe(params); err != nil || got != c.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", c.name, err, got, c.want)
		}
	}
}

// TestBetter makes sure that what to write is the same input as Secret, and shows no
// string that may be one.
func TestBetter(t *testing.T) {
	const cut = "a_key: Secret..."
	for text, want := range map[string]string{
		`a_key: str`:     "a_key: Secret",
		`a_key:str=None`: "a_key: Secret = None",
		`a_key: Optional[str] = Input(default=None)`: "a_key: Optional[Secret] = Input(default=None)",
		`a_key: str | None = None`:                   "a_key: Secret | None = None",
		`a_key: "str | None" = None`:                 `a_key: "Secret | None" = None`,
		"a_key: str = Input( # sk-secret\n    description = \"of  (x),\\n\",  # more\n    default=None,\n  )": `a_key: Secret = Input(description = "of  (x),\n", default=None,)`,
		"a_key: str = Input(description='''a\nb''')":                                                          "a_key: Secret = Input(description='''a b''')",
		`a_key: str = Input(description="a", default="")`:                                                     cut,
		`a_key: str = Input(description="a", default="sk-secret")`:                                            cut,
		`a_key: str = "sk-secret"`:                                                                            cut,
		`a_key: str = Input("sk-secret")`:                                                                     cut,
		`a_key: str = Input(description="` + strings.Repeat("x", 500) + `")`:                                  cut,
	} {
		params, err := Params([]byte("def Predictor("+text+"): pass"), Entry{"predict", "predict.py", "Predictor"})
		if err != nil || len(params) != 1 {
			t.Errorf("%s: %v, %v", text, params, err)
			continue
		}
		got := params[0].Better
		if !params[0].Whole {
			got += "..."
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// TestParamsOfTraining makes sure that train is read too.
func TestParamsOfTraining(t *testing.T) {
	text := "def train(hf_token: str): pass\nclass Trainer:\n    def train(self, wandb_api_key: str): pass\n"
	for object, want := range map[string]string{"train": "hf_token@1 str LOOKS", "Trainer": "wandb_api_key@3 str LOOKS"} {
		params, err := Params([]byte(text), Entry{"train", "train.py", object})
		if got := describe(params); err != nil || got != want {
			t.Errorf("%s: %v, %s", object, err, got)
		}
	}
}

// TestParamsErrors makes sure that what cannot be read is said, and not taken for a
// model without inputs.
func TestParamsErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "has no class or function Predictor",
		"x = 1":                              "has no class or function Predictor",
		"class Predictor2:\n  pass":          "has no class or function Predictor",
		"class Predictor(other.Base): pass":  "inherits it from another file",
		"class Predictor(Base): pass":        "inherits it from another file",
		"class Predictor(Predictor): pass":   "no method that cog calls",
		"def Predictor(api_key: str":         "begin on line 1 have no end",
		"def Predictor:":                     "begins no list of parameters",
		"class Predictor:\n  def predict x:": "begins no list of parameters",
		"def Predictor(" + strings.Repeat("a: int, ", 1002) + ")": "more than 1,000 inputs",
	} {
		if params, err := Params([]byte(text), Entry{"predict", "predict.py", "Predictor"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, %v; want %s", text, params, err, want)
		}
	}
}

// TestEntries reads cog.yaml.
func TestEntries(t *testing.T) {
	for _, c := range []struct{ text, want, err string }{
		{"predict: predict.py:Predictor\n", "[{predict predict.py Predictor}]", ""},
		{"build:\n  run: [pip]\nrun: \"src/run.py:Runner\"\ntrain: train.py:train", "[{run src/run.py Runner} {train train.py train}]", ""},
		{"build: {gpu: true}", "[]", ""},
		{"", "[]", ""},
		{"# nothing\n", "[]", ""},
		{"a: [", "", "not valid YAML"},
		{"- a", "", "no keys"},
		{"text", "", "no keys"},
		{"predict: [a]", "", "its predict does not name"},
		{"predict: predict.py", "", "its predict does not name"},
		{"predict: predict:Predictor", "", "its predict does not name"},
		{"predict: \"predict.py:1x\"", "", "its predict does not name"},
		{"predict: \"predict.py:a b\"", "", "its predict does not name"},
		{"predict: *x", "", "not valid YAML"},
		{"predict:", "", "its predict does not name"},
	} {
		got, err := Entries([]byte(c.text))
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) || c.err == "" && (err != nil || fmt.Sprint(got) != c.want) {
			t.Errorf("%q: %v, %v", c.text, got, err)
		}
	}
}

// FuzzParams reads any program. What it finds must be in the text.
func FuzzParams(f *testing.F) {
	f.Add("class Predictor(A):\n    async def predict(self, api_key: Optional[str] = Input(default='x'), *, b: \"str\"): pass", "predict: a.py:Predictor")
	f.Add("def Predictor(a: '''str\n''' = {1: [2, (3)]}, # b: str\n b_token: str | None):", "run: a.py:Predictor\ntrain: b.py:C")
	f.Fuzz(func(t *testing.T, text, config string) {
		if len(text)+len(config) > 1<<12 {
			return
		}
		entries, err := Entries([]byte(config))
		if err != nil && len(entries) > 0 {
			t.Errorf("%v, but also %v", err, entries)
		}
		for _, key := range []string{"run", "train"} {
			params, err := Params([]byte(text), Entry{key, "a.py", "Predictor"})
			if err != nil && len(params) > 0 {
				t.Errorf("%v, but also %v", err, params)
			}
			for _, p := range params {
				if !strings.Contains(text, p.Name) || p.Line < 1 || p.Line > 1+strings.Count(text, "\n") || p.Text && !strings.HasPrefix(p.Better, p.Name+": ") {
					t.Errorf("%+v is not in %q", p, text)
				}
			}
		}
	})
}
