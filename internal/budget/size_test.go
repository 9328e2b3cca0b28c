package budget

import "testing"

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"64MiB": 64 << 20, "2 GiB": 2 << 30, "256m": 256 << 20, "1G": 1 << 30, " 1tb ": 1 << 40, "67108864": 64 << 20, "1048576 kib": 1 << 30,
		"": 0, "lots": 0, "-1GiB": 0, "1.5G": 0, "63MiB": 0, "0": 0, "99999999999T": 0, "1 XiB": 0, "1GG": 0,
	} {
		if got, err := ParseSize(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %d, %v, and should be %d", text, got, err, want)
		}
	}
}
