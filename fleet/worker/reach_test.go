package worker

import (
	"net/netip"
	"testing"

	"r8scan/fleet/config"
)

// TestReach: git servers are asked at private addresses only if the operator says so.
func TestReach(t *testing.T) {
	at := netip.MustParseAddrPort("10.0.0.1:443")
	if (&Worker{}).git().Reach("example.com", at) == nil {
		t.Error("without a configuration")
	}
	w := &Worker{cfg: Config{Operator: &config.Config{Reach: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}}
	if err := w.git().Reach("example.com", at); err != nil {
		t.Error(err)
	}
	if w.git().Reach("example.com", netip.MustParseAddrPort("127.0.0.1:443")) == nil {
		t.Error("another network")
	}
}
