package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"r8scan/scanner"
)

// memorySize is the value of --max-memory, in bytes; 0 if it is not given.
type memorySize int64

func (m *memorySize) add(cmd *cobra.Command) {
	cmd.Flags().Var(m, "max-memory", "`SIZE` of the memory for what is read and found, such as 512MiB or 2GiB (default 1GiB)")
}

func (m *memorySize) Type() string { return "SIZE" }

func (m *memorySize) String() string {
	if *m == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*m), 10)
}

// memoryUnits are the units by their names in lower case, without "b" or "ib".
var memoryUnits = map[string]int64{"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}

var errMemorySize = errors.New("write a number and a unit: 512MiB, 2GiB")

// Set reads a size. All units are powers of 1024.
func (m *memorySize) Set(text string) error {
	low := strings.ToLower(strings.TrimSpace(text))
	digits := strings.TrimRight(low, "kmgtib ")
	unit, ok := memoryUnits[strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(low[len(digits):]), "b"), "i")]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !ok || n < 0 || n > math.MaxInt64/unit {
		return errMemorySize
	}
	if n *= unit; n < scanner.MinMemory {
		return fmt.Errorf("the least that a scan can work with is %dMiB", scanner.MinMemory>>20)
	}
	*m = memorySize(n)
	return nil
}

// limit makes the collector keep to the size too: what was let go of is memory
// as well until it is collected. A limit from the environment counts instead.
func (m memorySize) limit() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	n := int64(m)
	if n == 0 {
		n = scanner.DefaultMemory
	}
	debug.SetMemoryLimit(n)
}
