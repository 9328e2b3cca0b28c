package image

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestParse has what Dockerfiles copy from their folder.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"FROM x\nCOPY . /app":                              "[]",
		"copy ./ /app":                                     "[]",
		"ADD . .":                                          "[]",
		"COPY --chown=a:b --link . .":                      "[]",
		"COPY\t.\t/app\r\n":                                "[]",
		"COPY a b/ /app/":                                  "[a b]",
		`COPY ["a b", "/c"]`:                               "[a b]",
		"COPY ../x /":                                      "[x]",
		"COPY \\\n  # a comment\n\n  . \\\n  /app":         "[]",
		"# escape=`\nCOPY `\n . /app":                      "[]",
		"COPY `\n . /app":                                  "",
		"COPY --from=build . /app":                         "",
		"COPY $SRC /app":                                   "",
		"ADD https://x.test/a /a":                          "",
		"COPY .":                                           "",
		"RUN cp . /app\n#COPY . /app":                      "",
		"RUN <<EOF\nCOPY . /app\nEOF\nCOPY b /":            "[b]",
		"RUN <<EOF\nCOPY . /app":                           "[]", // no such text ends
		"COPY <<EOF /a\nx\nEOF":                            "",
		"RUN cat <<<EOF\nCOPY . /app\nEOF":                 "[]",
		"RUN <<A cat - <<-\"B\"\nCOPY x /\nA\nB\nCOPY y /": "[y]",
	} {
		var got string
		for _, i := range parse([]byte(text)) {
			got += "[" + strings.Join(i.sources, " ") + "]"
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// TestBy has trees of files and whether an image carries a file of them.
func TestBy(t *testing.T) {
	const all = "FROM scratch\nCOPY . /app\n"
	for name, tt := range map[string]struct {
		files map[string]string
		file  string
		want  string
	}{
		"copied":                     {map[string]string{"Dockerfile": all}, ".env", "Dockerfile"},
		"from a folder above":        {map[string]string{"Dockerfile": all}, "a/b/.env", "Dockerfile"},
		"the nearest first":          {map[string]string{"Dockerfile": all, "a/Containerfile": all}, "a/.env", "a/Containerfile"},
		"not from beside":            {map[string]string{"b/Dockerfile": all}, "a/.env", ""},
		"none":                       {nil, ".env", ""},
		"another name":               {map[string]string{"api.Dockerfile": all}, ".env", "api.Dockerfile"},
		"with an end":                {map[string]string{"Dockerfile.dev": all}, ".env", "Dockerfile.dev"},
		"no Dockerfile":              {map[string]string{"Dockerfile.dockerignore": all, "dockerfile_x": all}, ".env", ""},
		"copies something else":      {map[string]string{"Dockerfile": "COPY src /app\nCOPY *.json /"}, ".env", ""},
		"copies its folder":          {map[string]string{"Dockerfile": "COPY src /app"}, "src/a/.env", "Dockerfile"},
		"copies a folder's namesake": {map[string]string{"Dockerfile": "COPY src /app"}, "src2/.env", ""},
		"copies itself":              {map[string]string{"Dockerfile": "COPY .env /app/"}, ".env", "Dockerfile"},
		"by a star":                  {map[string]string{"Dockerfile": "COPY * /app"}, ".env", "Dockerfile"},
		"by a star in a folder":      {map[string]string{"Dockerfile": "COPY s*/ /app"}, "src/x/.env", "Dockerfile"},
		"by another star":            {map[string]string{"Dockerfile": "COPY *.py /app"}, ".env", ""},
		"ignored":                    {map[string]string{"Dockerfile": all, ".dockerignore": ".env\n"}, ".env", ""},
		"ignored elsewhere":          {map[string]string{"Dockerfile": all, ".dockerignore": ".env\n"}, "a/.env", "Dockerfile"},
		"ignored at any depth":       {map[string]string{"Dockerfile": all, ".dockerignore": "**/.env\n"}, "a/b/.env", ""},
		"its folder is ignored":      {map[string]string{"Dockerfile": all, ".dockerignore": "a\n"}, "a/b/.env", ""},
		"an exception":               {map[string]string{"Dockerfile": all, ".dockerignore": "*\n!a\n"}, "a/b/.env", "Dockerfile"},
		"the last counts":            {map[string]string{"Dockerfile": all, ".dockerignore": "*\n!a\n**/.env*\n"}, "a/b/.env.local", ""},
		"all is ignored":             {map[string]string{"Dockerfile": all, ".dockerignore": "# all\n\n*\n"}, ".env", ""},
		"a comment ignores nothing":  {map[string]string{"Dockerfile": all, ".dockerignore": "#.env\n"}, ".env", "Dockerfile"},
		"with a BOM and CRLF":        {map[string]string{"Dockerfile": all, ".dockerignore": "\ufeff/.env \r\n"}, ".env", ""},
		"malformed":                  {map[string]string{"Dockerfile": all, ".dockerignore": ".env\n[\n"}, ".env", "Dockerfile"},
		"an empty exception":         {map[string]string{"Dockerfile": all, ".dockerignore": ".env\n!\n"}, ".env", "Dockerfile"},
		"too large":                  {map[string]string{"Dockerfile": all, ".dockerignore": ".env\n#" + strings.Repeat("x", maxIgnore)}, ".env", "Dockerfile"},
		"its own ignore file":        {map[string]string{"Dockerfile": all, ".dockerignore": ".env\n", "Dockerfile.dockerignore": "x\n"}, ".env", "Dockerfile"},
		"of one of two":              {map[string]string{"a.Dockerfile": all, "b.Dockerfile": all, "a.Dockerfile.dockerignore": ".env\n"}, ".env", "b.Dockerfile"},
		"Podman's":                   {map[string]string{"Containerfile": all, ".containerignore": ".env\n"}, ".env", ""},
		"excluded by a flag":         {map[string]string{"Dockerfile": "COPY --exclude=**/.env . /app"}, "a/.env", ""},
		"another is excluded":        {map[string]string{"Dockerfile": "COPY --exclude=*.md . /app"}, ".env", "Dockerfile"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for path, text := range tt.files {
				write(t, filepath.Join(dir, filepath.FromSlash(path)), text)
			}
			write(t, filepath.Join(dir, filepath.FromSlash(tt.file)), "x")
			got := new(Copies).By(filepath.Join(dir, filepath.FromSlash(tt.file)), dir)
			want := ""
			if tt.want != "" {
				want = filepath.Join(dir, filepath.FromSlash(tt.want))
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Nothing above the base is looked at, and no link is followed.
func TestByStaysInside(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), "COPY . .")
	write(t, filepath.Join(dir, "in", ".env"), "x")
	base := filepath.Join(dir, "in")
	if got := new(Copies).By(filepath.Join(base, ".env"), base); got != "" {
		t.Errorf("%q is above", got)
	}
	if err := os.Symlink(filepath.Join(dir, "Dockerfile"), filepath.Join(base, "Dockerfile")); err != nil {
		t.Skip(err)
	}
	if got := new(Copies).By(filepath.Join(base, ".env"), base); got != "" {
		t.Errorf("the link %q was followed", got)
	}
	if got := new(Copies).By(filepath.Join(dir, ".env"), base); got != "" {
		t.Errorf("a file outside: %q", got)
	}
}

// Hostile files take bounded time, and hide nothing.
func TestHostile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.Dockerfile"), strings.Repeat("RUN x <<A <<B <<C \\\n", 40_000)+"\nRUN y")
	write(t, filepath.Join(dir, "b.Dockerfile"), strings.Repeat("COPY a*b?c d /\n", 1_000)+"COPY . /")
	write(t, filepath.Join(dir, ".dockerignore"), strings.Repeat("**/", 2_000)+"x\n"+strings.Repeat("**/a*b?\n", 500))
	c := new(Copies)
	for range 20_000 { // without a limit this takes hours
		if got := c.By(filepath.Join(dir, strings.Repeat("ab/", 20)+".env"), dir); got == "" {
			t.Fatal("not found")
		}
	}
	if c.work < maxWork {
		t.Errorf("the limit was not reached: %d", c.work)
	}
}

// FuzzParse: no Dockerfile makes the parser fail, and what it copies is in its
// folder.
func FuzzParse(f *testing.F) {
	f.Add("FROM a\nCOPY --exclude=x . /\n# escape=`\nRUN <<E\nE\nADD [\"a\", \"b\"]")
	f.Fuzz(func(t *testing.T, text string) {
		for _, i := range parse([]byte(text)) {
			for _, s := range i.sources {
				if strings.HasPrefix(s, "/") || s == ".." || strings.HasPrefix(s, "../") {
					t.Errorf("%q leads out", s)
				}
			}
			i.copies("a/b/.env")
		}
	})
}
