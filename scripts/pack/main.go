// Command pack makes, from the archives of a release, what installs r8scan without Go:
// wheels, npm packages, an image, and a repository of hooks for pre-commit. It puts them
// into the folder of the archives. The same archives give the same bytes.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	dist := flag.String("dist", "dist", "the `folder` of the archives")
	version := flag.String("version", "", "the release's version, without a v")
	seconds := flag.Int64("time", 0, "the commit's time, in `seconds` since 1970")
	downloads := flag.String("downloads", "", "the `URL` of the folder that the release's files will be in")
	flag.Parse()
	if err := pack(*dist, *version, time.Unix(*seconds, 0).UTC(), *downloads); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func pack(dist, version string, made time.Time, downloads string) error {
	r, err := read(dist, version)
	if err != nil {
		return err
	}
	r.made, r.downloads = made, downloads
	for _, write := range []func(*release) error{wheels, npm, image, hooks} { // hooks name the rest
		if err := write(r); err != nil {
			return err
		}
	}
	return nil
}
