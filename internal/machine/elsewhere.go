//go:build darwin || windows

package machine

// leftElsewhere is why a file is left out whose content would have to be fetched.
const leftElsewhere = "a file whose content is only at a cloud service: reading it would fetch it"
