package repo

import (
	"errors"
	"fmt"
	"os"

	"r8scan/internal/regular"
)

// Lookup looks up an environment variable, as os.LookupEnv does.
type Lookup func(name string) (value string, isSet bool)

// get returns the value of a variable, "" if it is not set.
func (l Lookup) get(name string) string {
	value, _ := l(name)
	return value
}

// FromEnvironment finds the repository that git runs a hook for: the one that
// GIT_DIR, GIT_COMMON_DIR, GIT_WORK_TREE and GIT_INDEX_FILE name, as far as
// they are set, otherwise the one that holds the current folder. getenv looks
// up these variables. ObjectDirs reads the variables for objects.
func FromEnvironment(getenv Lookup) (*Repo, error) {
	if err := CheckEnvironment(getenv); err != nil {
		return nil, err
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	here = regular.Real(here) // git searches upwards from the real path
	path := func(name string) string {
		if value := getenv.get(name); value != "" {
			return relativeTo(here, value)
		}
		return ""
	}
	dir, common := path("GIT_DIR"), path("GIT_COMMON_DIR")
	var r *Repo
	if dir == "" {
		if r, err = discover(here, getenv); err == nil && common != "" {
			dir = r.Dir
		}
	}
	if dir != "" && err == nil {
		r, err = openGitDir(dir, common, here)
	}
	if err != nil {
		return nil, err
	}
	if tree, _ := r.configuredTree(); tree != "" && r.Bounds.Holds(tree) {
		r.WorkTree = tree
	}
	if tree := path("GIT_WORK_TREE"); tree != "" {
		r.WorkTree = tree
	}
	if index := getenv.get("GIT_INDEX_FILE"); index != "" {
		r.IndexFile = relativeTo(whereGitRuns(r, here), index)
	}
	return r, nil
}

// whereGitRuns returns the folder in which git runs when it is started in here.
// Git changes to the top of the work tree, so relative paths in its variables
// start there.
func whereGitRuns(r *Repo, here string) string {
	if r.WorkTree != "" && isBelow(realPath(r.WorkTree), here) {
		return r.WorkTree
	}
	return here
}

// discover is Discover for the current folder. In a hook git itself has chosen
// the repository, so all its pointers are followed.
func discover(here string, getenv Lookup) (*Repo, error) {
	if getenv.get("GIT_EXEC_PATH") == "" && getenv.get("GIT_INDEX_FILE") == "" {
		return Discover(here, getenv)
	}
	return discoverIn(here, getenv, func(string) *Bounds { return nil })
}

// openGitDir opens the git directory in GIT_DIR. As in git, the current folder
// is its work tree unless the configuration names another.
func openGitDir(dir, common, here string) (*Repo, error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		if dir, err = followFile(dir); err != nil {
			return nil, err
		}
	}
	if !IsGitDir(dir) && common == "" {
		return nil, fmt.Errorf("GIT_DIR names %s, which is not a git directory: it has no HEAD, no objects or no refs", dir)
	}
	r, err := (*Bounds)(nil).openShared(dir, common, "", nil)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("GIT_DIR or GIT_COMMON_DIR names a folder without objects: %w", err)
	}
	if err == nil && r.WorkTree == "" && !r.Config.bare && !sameFile(dir, here) { // hooks such as pre-receive run in the git directory
		r.WorkTree = here
	}
	return r, err
}
