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

// units are those of ParseSize by their names in lower case, without "b" or "ib".
var units = map[string]int64{"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}

var errSize = errors.New("write a number and a unit: 512MiB, 2GiB")

// ParseSize reads a budget in bytes, such as 512MiB, 2g or "2 GB", that a run
// can work with. All units are powers of 1024.
func ParseSize(text string) (int64, error) {
	low := strings.ToLower(strings.TrimSpace(text))
	digits := strings.TrimRight(low, "kmgtib ")
	unit, ok := units[strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(low[len(digits):]), "b"), "i")]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !ok || n < 0 || n > math.MaxInt64/unit {
		return 0, errSize
	}
	if n *= unit; n < Min {
		return 0, fmt.Errorf("the least that a scan can work with is %dMiB", Min>>20)
	}
	return n, nil
}

// LimitProcess makes the garbage collector keep the process to the budget too,
// 0 for Default: what was let go of is memory as well until it is collected. A
// limit from the environment counts instead.
func LimitProcess(total int64) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	if total == 0 {
		total = Default
	}
	debug.SetMemoryLimit(total)
}
