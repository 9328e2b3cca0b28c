package result

// Since says what changed since the last scan of a repository on a server, as far as
// that is remembered. All lists are sorted.
type Since struct {
	New   []string    `json:"new"`   // ids of tokens among the findings that were not there
	Still []string    `json:"still"` // ids of tokens among the findings that were there
	Gone  []GoneToken `json:"gone"`  // tokens that no ref reaches any longer: they leaked all the same
	Refs  RefsSince   `json:"refs"`
}

// GoneToken is a token that was found at the last scan only.
type GoneToken struct {
	Rule    string `json:"rule"`
	Token   string `json:"token"` // the mask
	TokenID string `json:"token_id"`
}

// RefsSince are the names of refs.
type RefsSince struct {
	New       []string `json:"new"`
	Gone      []string `json:"gone"`
	Advanced  []string `json:"advanced"`  // they have what they had, and more
	Rewritten []string `json:"rewritten"` // they no longer have what they had: a forced push
}

// Changed reports whether any ref changed.
func (r RefsSince) Changed() bool {
	return len(r.New)+len(r.Gone)+len(r.Advanced)+len(r.Rewritten) > 0
}
