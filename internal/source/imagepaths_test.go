package source

import "testing"

// TestPathsHide: whiteouts of files and folders, opaque folders, and files that replace.
func TestPathsHide(t *testing.T) {
	for _, test := range []struct {
		member, file string
		want         bool
	}{
		{"app/.wh..env", "app/.env", true},
		{"./app/.wh..env", "app/.env", true},
		{"app/.wh..env", "app/.env.local", false},
		{".wh.app", "app/deep/.env", true},
		{".wh.app", "apple/.env", false},
		{"app/.wh..wh..opq", "app/deep/.env", true},
		{"app/.wh..wh..opq", "other/.env", false},
		{".wh..wh..opq", "app/.env", true},
		{"app/.env", "./app/.env", true},
		{"app/", "app/.env", false},
		{"app/a.zip!.env", ".env", false},
	} {
		p := newPaths()
		p.add(test.member)
		if got := p.hide(test.file); got != test.want {
			t.Errorf("%q hides %q: %v, want %v", test.member, test.file, got, test.want)
		}
	}
}
