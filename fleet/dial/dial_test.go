package dial

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const patience = 20 * time.Second

// TestCheck refuses what is not of the public internet, however it is written.
func TestCheck(t *testing.T) {
	for address, want := range map[string]bool{
		"192.0.2.1:443": true, "1.1.1.1:1": true, "[2606:4700::1]:443": true, "[64:ff9b::1.1.1.1]:443": true, "100.63.255.255:1": true, "100.128.0.1:1": true, "172.32.0.1:1": true,
		"127.0.0.1:80": false, "127.8.8.8:80": false, "[::1]:80": false, "10.1.2.3:80": false, "172.16.0.1:1": false, "172.31.255.255:1": false, "192.168.1.1:1": false,
		"100.64.0.1:1": false, "100.127.255.255:1": false, "169.254.169.254:80": false, "0.0.0.0:80": false, "0.1.2.3:1": false, "[::]:80": false,
		"224.0.0.1:1": false, "255.255.255.255:1": false, "240.0.0.1:1": false, "198.18.0.1:1": false, "[ff02::1]:1": false,
		"[fe80::1]:1": false, "[fe80::1%eth0]:1": false, "[fd00::1]:1": false, "[fd00::1%eth0]:1": false, "[fec0::1]:1": false, "[fd00:ec2::254]:80": false,
		"[::ffff:127.0.0.1]:80": false, "[::ffff:10.0.0.1]:80": false, "[::ffff:169.254.169.254]:80": false, "[::ffff:1.1.1.1]:80": true,
		"[64:ff9b::10.0.0.1]:80": false, "[64:ff9b::127.0.0.1]:80": false, "[2002:7f00:1::1]:80": false, "[64:ff9b:1::1]:80": false,
		"": false, "localhost:80": false, "/run/docker.sock": false, "1.1.1.1": false,
	} {
		if err := Check(nil)("tcp", address, nil); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestReach allows what the configuration has, and no neighbour.
func TestReach(t *testing.T) {
	check := Check([]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32"), netip.MustParsePrefix("127.0.0.0/8")})
	for address, want := range map[string]bool{
		"10.1.2.3:80": true, "[::ffff:10.1.2.3]:80": true, "[64:ff9b::10.1.0.1]:1": true, "[fd00:1::2]:80": true, "[fd00:1::2%eth0]:80": true, "127.0.0.1:1": true, "1.1.1.1:1": true,
		"10.2.0.1:80": false, "[fd00:2::1]:1": false, "[::1]:1": false,
	} {
		if err := check("tcp", address, nil); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// names answers each question for an A record with 127.0.0.1, over a pipe.
func names() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go answer(theirs)
		return ours, nil
	}}
}

// answer speaks DNS over a stream: a length of two bytes before each message.
func answer(c net.Conn) {
	defer c.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		q := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, q); err != nil || len(q) < 12 {
			return
		}
		end := 12
		for end < len(q) && q[end] != 0 {
			end += int(q[end]) + 1
		}
		end += 5 // the root, type and class
		if end > len(q) {
			return
		}
		m := append([]byte{}, q[:end]...)
		m[2], m[3] = 0x81, 0x80 // an answer, without an error
		copy(m[4:12], []byte{0, 1, 0, 0, 0, 0, 0, 0})
		if binary.BigEndian.Uint16(q[end-4:]) == 1 {
			m[7] = 1
			m = append(m, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1)
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(m))), m...)); err != nil {
			return
		}
	}
}

// counted is a server on this machine that counts.
func counted(t *testing.T, answer http.HandlerFunc) (port string, count *atomic.Int64) {
	t.Helper()
	count = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().(*net.TCPAddr).AddrPort().String()[len("127.0.0.1:"):], count
}

// TestName: a name that resolves to this machine does not reach it, and localhost does.
func TestName(t *testing.T) {
	port, count := counted(t, func(http.ResponseWriter, *http.Request) {})
	get := func(host string, reach ...netip.Prefix) error {
		c := client(with(reach, patience, names()), patience)
		answer, err := c.Get("http://" + host + ":" + port + "/")
		if err == nil {
			answer.Body.Close()
		}
		return err
	}
	var refused *Refused
	if err := get("hooks.example.com"); !errors.As(err, &refused) || count.Load() != 0 {
		t.Errorf("a name of this machine: %v, %d requests", err, count.Load())
	}
	for n, host := range []string{"127.0.0.1", "localhost", "LOCALHOST", "[::ffff:127.0.0.1]"} {
		if err := get(host); err != nil || count.Load() != int64(n+1) {
			t.Errorf("%s: %v, %d requests", host, err, count.Load())
		}
	}
	if err := get("hooks.example.com", netip.MustParsePrefix("127.0.0.1/32")); err != nil || count.Load() != 5 {
		t.Errorf("in reach: %v, %d requests", err, count.Load())
	}
}

// TestLocalhostElsewhere: localhost, if a resolver lies about it, leads nowhere else.
func TestLocalhostElsewhere(t *testing.T) {
	var refused *Refused
	for _, address := range []string{"10.0.0.1:80", "1.1.1.1:80"} {
		if err := control(nil, "localhost:80")("tcp", address, nil); !errors.As(err, &refused) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestRedirect: a redirect is the answer, wherever it leads.
func TestRedirect(t *testing.T) {
	inner, count := counted(t, func(http.ResponseWriter, *http.Request) {})
	for _, status := range []int{301, 302, 303, 307, 308} {
		outer, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:"+inner+"/", status)
		})
		answer, err := Client(nil, patience).Post("http://127.0.0.1:"+outer+"/", "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != status || count.Load() != 0 {
			t.Errorf("%d: %d, and %d requests went on", status, answer.StatusCode, count.Load())
		}
	}
}

// TestProxy: no setting of the environment chooses a way around the check.
func TestProxy(t *testing.T) {
	if transport, ok := Client(nil, patience).Transport.(*http.Transport); !ok || transport.Proxy != nil {
		t.Error("a proxy may be used")
	}
}
