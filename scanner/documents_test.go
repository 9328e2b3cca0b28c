package scanner

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestDocuments makes sure that the plain search finds whole tokens in notebooks, HAR and
// Postman files, which are JSON, after any escape.
func TestDocuments(t *testing.T) {
	a := token(1)
	quote := func(s string) string {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, text := range map[string]string{
		"notebook source":  `{"cells":[{"cell_type":"code","source":["import replicate\n",` + quote("c = Client(\""+a+"\")\n") + `]}]}`,
		"notebook shell":   `{"cells":[{"source":[` + quote("!export REPLICATE_API_TOKEN="+a+"\n") + `]}]}`,
		"notebook output":  `{"outputs":[{"text":[` + quote("token:\n") + `,` + quote("\t"+a+"\r\n") + `]}]}`,
		"notebook colours": `{"traceback":[` + quote("\x1b[0;31mError\x1b[0m: \x1b[1m"+a+"\x1b[0m") + `]}`,
		"notebook html":    `{"text/html":[` + quote("<td>"+a+"</td>\n") + `]}`,
		"HAR header":       `{"log":{"entries":[{"request":{"headers":[{"name":"Authorization","value":"Bearer ` + a + `"}]}}]}}`,
		"HAR query":        `{"request":{"url":"https://example.org/?key=` + a + `&x=1","queryString":[{"name":"key","value":"x"}]}}`,
		"HAR form":         `{"postData":{"text":"token%3D` + a + `%26x%3D1"}}`,
		"HAR content":      `{"content":{"text":` + quote(`{"token":"`+a+`"}`) + `}}`,
		"Postman variable": `{"variable":[{"key":"replicate","value":"` + a + `","type":"string"}]}`,
		"Postman script":   `{"script":{"exec":[` + quote("pm.environment.set('t', '"+a+"');\r") + `]}}`,
	} {
		res, err := Files(t.Context(), []string{"-"}, strings.NewReader(text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Findings) != 1 || res.Findings[0].Confidence.String() != "high" {
			t.Errorf("%s: %d findings", name, len(res.Findings))
		}
	}
}
