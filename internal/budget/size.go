package budget

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// units maps the unit names of ParseSize to bytes: in lower case, without "b"
// or "ib".
var units = map[string]int64{"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}

var errSize = errors.New("write a number and a unit: 512MiB, 2GiB")

// ParseSize parses a budget as ParseBytes does. A budget below Min is an error.
func ParseSize(text string) (int64, error) {
	n, err := ParseBytes(text)
	if err == nil && n < Min {
		return 0, fmt.Errorf("the least that a scan can work with is %dMiB", Min>>20)
	}
	return n, err
}

// ParseBytes parses a size, such as 512MiB, 2g or "2 GB", and returns it in bytes.
// Units are powers of 1024.
func ParseBytes(text string) (int64, error) {
	low := strings.ToLower(strings.TrimSpace(text))
	digits := strings.TrimRight(low, "kmgtib ")
	unit, ok := units[strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(low[len(digits):]), "b"), "i")]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !ok || n < 0 || n > math.MaxInt64/unit {
		return 0, errSize
	}
	return n * unit, nil
}

// LimitProcess sets the garbage collector's memory limit to match the budget in
// bytes; 0 means Default. Freed memory counts until it is collected. GOMEMLIMIT
// has priority.
func LimitProcess(total int64) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	if total == 0 {
		total = Default
	}
	debug.SetMemoryLimit(total)
}
