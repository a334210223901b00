// Package cache is a shared HTTP cache as an [http.RoundTripper]: inside
// [net/http/httputil.ReverseProxy] it is a caching gateway, inside
// [http.Client] the cache of a client.
//
// # What is stored
//
// Complete final responses to GET that say for how long they are fresh, may
// be given a heuristic lifetime, or carry a validator (RFC 9111 §3). Never
// 206 and 304, what is private or no-store, what varies on everything, and
// what was shorter than its Content-Length. The answer to a request with
// Authorization is stored where §3.5 allows it, the answer to POST never.
// Fields that speak to shared caches alone, CDN-Cache-Control (RFC 9213) and
// Surrogate-Control (Edge Architecture, W3C Note), replace Cache-Control and
// Expires, unless they are ill-formed. Set-Cookie is stored like any other
// field (RFC 9111 §7.3): an origin that means one user says private.
//
// # What is used
//
// A fresh response answers GET and HEAD, with 304 to a condition that fails
// and with 206 or 416 to a single range. A stale one is validated with
// If-None-Match and If-Modified-Since. It is used as it is only where
// stale-while-revalidate, stale-if-error (RFC 5861) or the client's max-stale
// allows it, and must-revalidate, proxy-revalidate, s-maxage and no-cache do
// not forbid it. Requests with If-Match, If-Unmodified-Since, Upgrade or
// content are the origin's alone. A successful unsafe request invalidates its
// URI and those of its Location and Content-Location (RFC 9111 §4.4).
//
// Where the origin's words are malformed or contradict each other, the
// response is taken as stale: a lifetime that is not a number or has two
// values, two Expires, an Age that is not one number. An open quoted string
// in Cache-Control counts as no-store.
//
// Requests for one URI that miss at the same time wait for the first one's
// answer and share it if it was stored; otherwise each asks on its own.
//
// # Conformance
//
// TestConformance runs the public suite http-cache-tests 0.4.5 against a
// gateway. Of its 168 required tests 3 are for browsers only and are not run
// by its command line. Those that fail here:
//
//   - stale-close-*: the origin closes the connection, and the suite counts
//     only an answer with the origin's own fields as one that is not from the
//     cache. A gateway's 502 has none.
//   - age-parse-prefix: "0,7200" is to be fresh and "0, 0" to be stale. RFC
//     9111 §5.1 would take the first of a list; here every list is stale.
//   - headers-store-Transfer-Encoding: the origin sends an unknown transfer
//     coding, and net/http refuses the response before the cache sees it.
//   - surrogate-fresh-cc-nostore: Surrogate-Control names its target, but this
//     cache sends no Surrogate-Capability that would make it one.
//
// Source: https://www.rfc-editor.org/rfc/rfc9111
package cache
