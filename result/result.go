// Package result holds what a scan found and what it read. It has no code that
// scans, so that what shows results needs none.
package result

import (
	"cmp"
	"slices"
	"time"

	"r8scan/rules"
)

// Result is what a scan found and what it read. Findings and their locations
// are in a stable order: two scans of the same input give equal results.
type Result struct {
	Target   Target
	Coverage Coverage
	Findings []Finding
	Allowed  []Allowed      // findings that the user has judged, which are not in Findings
	LeftOut  map[string]int // findings below the confidence that was asked for, by the reason for theirs
	Rules    *rules.Set     // what was searched for, as in Options
	Root     string         // absolute path that the paths are relative to
	Since    *Since         // nil unless a repository on a server was scanned before
	Notes    []string       // what the user should know and is not missing from the scan
}

// Target names what was scanned.
type Target struct {
	Kind  string `json:"kind"` // repository, repositories, files, stdin, staged, push, image
	Path  string `json:"path"`
	Head  string `json:"head,omitempty"`  // id of the commit at HEAD, "" if none
	Bare  bool   `json:"bare,omitempty"`  // a repository without a work tree
	Range string `json:"range,omitempty"` // as the user wrote it

	Branch string `json:"branch,omitempty"` // the one at HEAD, such as main; "" if it is detached
	Remote string `json:"remote,omitempty"` // URL of the remote that the branch is pushed to, without credentials: https or ssh; "" if none
	Anchor string `json:"anchor,omitempty"` // path of a file at HEAD, for what stands in no file: the README, or the first one; "" if none
	Root   string `json:"root,omitempty"`   // folder that the scan ran in, if absolute paths were named; "" else

	Repositories []Repository `json:"repositories,omitempty"` // of a scan of many: those that were to be read, in the order of their URLs
}

// Repository is one of many that a scan was to read.
type Repository struct {
	URL      string `json:"url"`                // without credentials; of an image its name
	Fork     bool   `json:"fork,omitempty"`     // its service calls it a fork of another one
	Archived bool   `json:"archived,omitempty"` // its service says that nobody can change it any more
	Complete bool   `json:"complete"`           // all of it was read
}

// Coverage counts what was read and names each thing that was not.
type Coverage struct {
	Files          int64    `json:"files"`
	Bytes          int64    `json:"bytes"` // of files and of objects, decompressed
	Objects        int64    `json:"objects"`
	Commits        int64    `json:"commits"`
	ArchiveMembers int64    `json:"archive_members"`
	Texts          int64    `json:"texts,omitempty"`        // beside a repository on its server
	Repositories   int64    `json:"repositories,omitempty"` // of a scan of many: those of which something was read
	Images         int64    `json:"images,omitempty"`       // likewise
	Unread         []Unread `json:"unread"`

	Accepted []Accepted `json:"accepted,omitempty"` // what was not read either, and the user has accepted
}

// Complete reports whether everything was read that the user has not accepted
// as unread.
func (c Coverage) Complete() bool { return len(c.Unread) == 0 }

// Unread is one thing that could not be read, and why.
type Unread struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// Compare orders by what was not read, then by the reason.
func (u Unread) Compare(other Unread) int {
	return cmp.Or(cmp.Compare(u.What, other.What), cmp.Compare(u.Reason, other.Reason))
}

// Accepted is something that could not be read and does not count, as the
// user has said in the configuration that they named.
type Accepted struct {
	Unread
	Because string `json:"accepted"` // the user's reason
}

// Exposure is the worst place a token stands in.
type Exposure string

// The exposures, worst first.
const (
	ExposureHistory   Exposure = "history"   // in an object of git
	ExposurePosted    Exposure = "posted"    // in a text beside a repository on its server, such as an issue
	ExposureImage     Exposure = "image"     // in a container image
	ExposureTracked   Exposure = "tracked"   // in a tracked file of the work tree only
	ExposureStaged    Exposure = "staged"    // in the index, not committed
	ExposureUntracked Exposure = "untracked" // in a file git does not know
	ExposureIgnored   Exposure = "ignored"   // in a git-ignored file, where a token may live
)

// exposures are all of them, worst first.
var exposures = []Exposure{ExposureHistory, ExposurePosted, ExposureImage, ExposureTracked, ExposureStaged, ExposureUntracked, ExposureIgnored}

// Compare orders exposures, worst first.
func (e Exposure) Compare(other Exposure) int {
	return cmp.Compare(slices.Index(exposures, e), slices.Index(exposures, other))
}

// Known reports whether e is one of the exposures.
func (e Exposure) Known() bool { return slices.Contains(exposures, e) }

// Finding is one token with every place where it stands.
type Finding struct {
	Rule       string
	Secret     rules.Secret
	Confidence rules.Confidence
	Exposure   Exposure
	Locations  []Location // the most telling one first: work tree, index, then git
	History    *History   // nil if the token is in no git object; of many repositories that of the one where it stood first
	Elsewhere  []History  // of many repositories: the stories in the others, the oldest first
	CopiedBy   string     // a Dockerfile that copies a file with the token into an image; "" if none is known
}

// Kinds of a location.
const (
	KindFile   = "file"
	KindBlob   = "blob"
	KindCommit = "commit"
	KindTag    = "tag"
	KindTree   = "tree"
	KindIndex  = "index"
	KindRef    = "ref"
	KindReflog = "reflog"
	KindConfig = "config"
	KindLayer  = "layer" // of a container image
	KindImage  = "image" // its configuration or manifest
)

// Kinds of a location in a text beside a repository on its server.
const (
	KindIssue             = "issue"
	KindIssueComment      = "issue_comment"
	KindPullRequest       = "pull_request"
	KindPullComment       = "pull_request_comment"
	KindReview            = "review"
	KindReviewComment     = "review_comment" // at a line of a change
	KindCommitComment     = "commit_comment"
	KindDiscussion        = "discussion"
	KindDiscussionComment = "discussion_comment"
	KindRelease           = "release"
	KindReleaseFile       = "release_file"
	KindGist              = "gist"
	KindGistComment       = "gist_comment"
	KindLog               = "log"      // of a run of a workflow
	KindArtifact          = "artifact" // of a run of a workflow
)

// posted are the kinds of texts beside a repository, in the order of CompareKinds.
var posted = []string{KindIssue, KindIssueComment, KindPullRequest, KindPullComment, KindReview, KindReviewComment, KindCommitComment,
	KindDiscussion, KindDiscussionComment, KindRelease, KindReleaseFile, KindGist, KindGistComment, KindLog, KindArtifact}

// IsPosted reports whether a kind is that of a text beside a repository on its
// server.
func IsPosted(kind string) bool { return slices.Contains(posted, kind) }

// Location is one place where a token stands. In an image Path is its name, Member the
// file in the layer, Object the digest and Header the field of its configuration. Line
// and Column count from 1;
// columns are UTF-16 code units and EndColumn is exclusive. In a commit or a
// tag they count from the start of its message.
type Location struct {
	Repository string    `json:"repository,omitempty"` // of a scan of many: URL of the one that it is in, or beside
	Path       string    `json:"path,omitempty"`
	Member     string    `json:"member,omitempty"` // path inside an archive
	Header     string    `json:"header,omitempty"` // of a commit or a tag: the header that has it; line and column are in its value
	Line       int       `json:"line"`
	Column     int       `json:"column"`
	EndColumn  int       `json:"end_column"`
	Encoding   []string  `json:"encoding,omitempty"` // outermost first; empty for plain text
	Object     string    `json:"object,omitempty"`   // id of the git object
	Kind       string    `json:"kind"`
	URL        string    `json:"url,omitempty"`        // the page of a text beside the repository, or of its wiki; "" for what is in the repository
	Part       string    `json:"part,omitempty"`       // of such a text: title, body, or an earlier version: "body of TIME", "title before TIME"
	Commit     string    `json:"commit,omitempty"`     // first commit that has the object at the path
	Committed  time.Time `json:"committed,omitzero"`   // when Commit was made, UTC; zero if it does not say
	Current    bool      `json:"current,omitempty"`    // a blob: HEAD, or the end of the range, has it at the path
	Variable   string    `json:"variable,omitempty"`   // what the line calls the token, as REPLICATE_API_TOKEN in REPLICATE_API_TOKEN=…; "" if it does not
	Layer      int       `json:"layer,omitempty"`      // in an image: the layer's number, the lowest is 1
	MadeBy     string    `json:"made_by,omitempty"`    // the instruction that brought the layer, as the image tells it
	GoneIn     int       `json:"gone_in,omitempty"`    // the layer that removes or replaces the file; 0 if none does
	AllowedBy  string    `json:"allowed_by,omitempty"` // who allows tokens in this place: an AllowedBy constant, "" for nobody
}

// kinds are all of them, in the order of CompareKinds.
var kinds = append([]string{KindFile, KindConfig, KindIndex, KindBlob, KindCommit, KindTag, KindTree, KindRef, KindReflog, KindLayer, KindImage}, posted...)

// KnownKind reports whether a text is one of the kinds.
func KnownKind(kind string) bool { return slices.Contains(kinds, kind) }

// CompareKinds orders kinds of locations: what an editor can open comes first.
func CompareKinds(a, b string) int {
	return cmp.Compare(slices.Index(kinds, a), slices.Index(kinds, b))
}

// Compare orders the locations of a finding, and findings of the same exposure and
// confidence by their first ones.
func (l Location) Compare(other Location) int {
	return cmp.Or(
		CompareKinds(l.Kind, other.Kind),
		cmp.Compare(l.Repository, other.Repository),
		cmp.Compare(l.Path, other.Path),
		cmp.Compare(l.Member, other.Member),
		cmp.Compare(l.Object, other.Object),
		cmp.Compare(l.Header, other.Header),
		cmp.Compare(l.Part, other.Part),
		cmp.Compare(l.URL, other.URL),
		cmp.Compare(l.Line, other.Line),
		cmp.Compare(l.Column, other.Column))
}

// Who allows a token.
const (
	AllowedByLine     = "r8scan:allow" // in each line where it stands
	AllowedByOwn      = ".r8scan.yaml" // the scanned tree's own configuration
	AllowedByConfig   = "config"       // the configuration that the user named
	AllowedByBaseline = "baseline"
)

// Allowed is a token that is left alone. It is as safe to show as a finding.
type Allowed struct {
	TokenID   string     `json:"token_id"`
	Rule      string     `json:"rule"`
	By        string     `json:"by"`                  // an AllowedBy constant
	ByChange  bool       `json:"by_change,omitempty"` // the scanned commits allow it themselves
	Reason    string     `json:"reason,omitempty"`    // as the user gave it
	Locations []Location `json:"locations"`           // as in a Finding
}

// History is the life story of a token in git.
type History struct {
	Repository string   `json:"repository,omitempty"` // of a scan of many: URL of the one whose story this is
	Fork       bool     `json:"fork,omitempty"`       // its service calls it a fork of another one
	Introduced *Event   `json:"introduced"`           // nil if no commit is known that has it
	Removed    *Event   `json:"removed"`              // nil if no commit took it out, or it is at HEAD
	AtHead     bool     `json:"at_head"`
	Reachable  bool     `json:"reachable"` // from any ref
	Refs       []string `json:"refs"`      // refs whose history holds the token
}

// Event is a commit that brought a token in or took it out.
type Event struct {
	Commit string    `json:"commit"`
	Date   time.Time `json:"date"`   // the author's, with its zone
	Author string    `json:"author"` // "Name <e-mail>"
	Path   string    `json:"path,omitempty"`
}
