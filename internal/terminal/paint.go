package terminal

// The colors for Paint.
const (
	Bold      = "1"
	Dim       = "2"
	Red       = "31"
	Green     = "32"
	Yellow    = "33"
	BrightRed = "1;31"
)

// Paint returns s in a color if colors is set, otherwise s.
func Paint(colors bool, color, s string) string {
	if !colors {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// Link returns text as an OSC 8 hyperlink to target, a URL without control
// characters. Terminals without support for links show only text.
func Link(target, text string) string {
	return "\x1b]8;;" + target + "\x1b\\" + text + "\x1b]8;;\x1b\\"
}
