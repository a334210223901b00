package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"gonotes/internal/memnet"
	"gonotes/microservices/gateway"
	"gonotes/microservices/sites"
	layers "gonotes/rest/gateway"
	"gonotes/rest/problem"
)

// What comes without a valid token, too late, too often or for a service that is down gets
// a clear refusal.
func ExampleNew() {
	var network memnet.Network
	ready := http.NewServeMux()
	ready.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	ready.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "an answer") })
	for _, host := range []string{"config", "collector", "aggregator"} { // insights is down
		defer network.Serve(host, &http.Server{Handler: ready}).Close()
	}
	transport := layers.Transport()
	transport.DialContext = network.Dial
	ann, bob := strings.Repeat("a", 40), strings.Repeat("b", 40)
	tokens, err := gateway.ParseTokens("ann " + ann + "\nbob " + bob)
	if err != nil {
		fmt.Println(err)
		return
	}
	door, err := gateway.New(gateway.Options{
		Config: []string{"http://config"}, Collector: []string{"http://collector"}, Aggregator: []string{"http://aggregator"}, Insights: []string{"http://insights"},
		Tokens: tokens, Sites: sites.Of(), Rate: 0.1, EventRate: 100, Timeout: time.Second, Transport: transport, Log: quiet,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer door.Close()

	send := func(what, method, target, token, timeout string) {
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set(gateway.TimeoutHeader, timeout)
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		says := w.Body.String()
		if w.Code >= 400 {
			var refused problem.Details
			json.Unmarshal(w.Body.Bytes(), &refused)
			says = refused.Detail
		}
		fmt.Printf("%s: %d %s\n", what, w.Code, says)
	}
	send("an event", "POST", "/events", "", "1")
	send("an event, too late", "POST", "/events", "", "0")
	send("ann", "GET", "/accounts", ann, "1")
	send("ann again", "GET", "/accounts", ann, "1")
	send("somebody else", "GET", "/accounts", "guessed", "1")
	send("bob", "GET", "/analytics/months/2026-03", bob, "1")
	// Output:
	// an event: 200 an answer
	// an event, too late: 504 The caller waits no longer. No service was asked.
	// ann: 200 an answer
	// ann again: 429 This client sends more requests than it may.
	// somebody else: 401 This asks for a token, in the field Authorization: Bearer TOKEN; the token is not known.
	// bob: 503 No replica of the API works at the moment.
}
