package source

import (
	"fmt"
	"sync/atomic"
	"testing"
)

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
		p := newPaths(room(1000))
		p.add(test.member)
		if got := p.hide(test.file); got != test.want {
			t.Errorf("%q hides %q: %v, want %v", test.member, test.file, got, test.want)
		}
	}
}

func room(n int64) *atomic.Int64 {
	var room atomic.Int64
	room.Store(n)
	return &room
}

// TestImagePathsRoom: layers with very many files take no memory without bound.
func TestImagePathsRoom(t *testing.T) {
	names := room(10)
	p := newPaths(names)
	for i := range 1000 {
		p.add(fmt.Sprint(i))
	}
	if len(p.has) != 10 || !p.hide("3") || p.hide("500") || names.Load() >= 0 {
		t.Errorf("%d names are held, %d are left", len(p.has), names.Load())
	}
}
