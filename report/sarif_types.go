package report

import "time"

// The part of SARIF 2.1.0 that r8scan writes, in the order of the standard.
// Lists that SARIF requires must not be nil: null is not valid there.

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool              sarifTool                        `json:"tool"`
	Invocations       []sarifInvocation                `json:"invocations"`
	AutomationDetails sarifAutomation                  `json:"automationDetails"`
	Provenance        []sarifProvenance                `json:"versionControlProvenance,omitempty"`
	BaseIDs           map[string]sarifArtifactLocation `json:"originalUriBaseIds"`
	ColumnKind        string                           `json:"columnKind"`
	NewlineSequences  []string                         `json:"newlineSequences"`
	Results           []sarifResult                    `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name            string      `json:"name"`
	Version         string      `json:"version,omitempty"`
	SemanticVersion string      `json:"semanticVersion,omitempty"`
	InformationURI  string      `json:"informationUri,omitempty"`
	Rules           []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string              `json:"id"`
	Name             string              `json:"name"`
	ShortDescription sarifMessage        `json:"shortDescription"`
	FullDescription  sarifMessage        `json:"fullDescription"`
	Help             sarifMessage        `json:"help"`
	HelpURI          string              `json:"helpUri"`
	DefaultConfig    sarifConfiguration  `json:"defaultConfiguration"`
	Properties       sarifRuleProperties `json:"properties"`
}

type sarifConfiguration struct {
	Level string `json:"level"`
}

type sarifRuleProperties struct {
	Tags             []string `json:"tags"`
	Precision        string   `json:"precision"`
	SecuritySeverity string   `json:"security-severity"`
}

type sarifMessage struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifInvocation struct {
	StartTime           time.Time           `json:"startTimeUtc"`
	EndTime             time.Time           `json:"endTimeUtc"`
	ExecutionSuccessful bool                `json:"executionSuccessful"`
	Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string       `json:"level"`
	Message sarifMessage `json:"message"`
}

type sarifAutomation struct {
	ID string `json:"id"`
}

type sarifProvenance struct {
	RepositoryURI string                `json:"repositoryUri"`
	RevisionID    string                `json:"revisionId"`
	Branch        string                `json:"branch,omitempty"`
	MappedTo      sarifArtifactLocation `json:"mappedTo"`
}

type sarifResult struct {
	RuleID       string                `json:"ruleId"`
	RuleIndex    int                   `json:"ruleIndex"`
	Level        string                `json:"level"`
	Message      sarifMessage          `json:"message"`
	Locations    []sarifLocation       `json:"locations"`
	Related      []sarifLocation       `json:"relatedLocations,omitempty"`
	Fingerprints map[string]string     `json:"partialFingerprints"`
	Properties   sarifResultProperties `json:"properties"`
}

type sarifResultProperties struct {
	Confidence   string `json:"confidence"`
	Exposure     string `json:"exposure"`
	Verification string `json:"verification"`
}

type sarifLocation struct {
	ID       int                   `json:"id,omitempty"` // from 1; only related locations have one
	Physical sarifPhysicalLocation `json:"physicalLocation"`
	Message  *sarifMessage         `json:"message,omitempty"`
}

type sarifPhysicalLocation struct {
	ArtifactLocation sarifArtifactLocation `json:"artifactLocation"`
	Region           sarifRegion           `json:"region"`
}

type sarifArtifactLocation struct {
	URI         string        `json:"uri,omitempty"`
	BaseID      string        `json:"uriBaseId,omitempty"`
	Description *sarifMessage `json:"description,omitempty"`
}

// sarifRegion counts from 1; EndColumn is exclusive. GitHub needs all four.
type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn"`
	EndLine     int `json:"endLine"`
	EndColumn   int `json:"endColumn"`
}
