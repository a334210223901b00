// Package gateway has the layers between the clients of an HTTP API and the API,
// each usable on its own. A layer changes no representation: status, body, ETag
// and the fields that describe them arrive as the API sent them, so layers can be
// added, left out and put in another order, and no client can tell (Fielding,
// Architectural Styles, §5.1.6).
//
//   - [Authority] makes the certificates of TLS 1.3 termination, in memory. What
//     is behind the server that uses them speaks plain HTTP.
//   - [Forwarded] tells the layers behind who the client is and how it came, and
//     removes what the client says about that.
//   - [RateLimit] refuses what one client sends beyond its rate.
//   - [Proxy] turns a [net/http.RoundTripper] into a handler: a message that
//     passes is forwarded as RFC 9110 §7.6 asks.
//   - [Balancer] is such a RoundTripper. It spreads requests over replicas and
//     leaves out those that do not answer.
//
// One order makes most sense, from the client inwards:
//
//	TLS, Forwarded, RateLimit, Proxy, cache, Balancer, API
//
// TLS and Forwarded come first, since only there is the address of the client
// known for sure. RateLimit is next, so that a refused request costs nothing
// further in, and in the same process, since behind another hop every client has
// the address of that hop. A cache before the Balancer is shared by all replicas.
// The Balancer is last: all that is behind it may die at any time.
//
// Limits of size and time are left to the API and to the http.Server in front.
// Forwarded field values are for logs. They are no proof of identity to an API
// that a client can reach past the gateway.
package gateway
