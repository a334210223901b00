// Package api is the HTTP API of the analytics platform's configuration:
// accounts, their users and sites, and the campaigns of sites.
//
// The contract is openapi.yaml. Models and routing are generated from it, and
// what a request brings is checked against its schemas, so each rule stands in
// one place. What the contract says once for all operations is in one file
// each:
//
//   - content.go: what a request may bring, as JSON or XML
//   - represent.go: the answer, as JSON or XML as Accept prefers
//   - conditional.go: ETag, If-Match and If-None-Match
//   - page.go: pages, cursors and filters
//   - fault.go: which error is which status
//   - serve.go: limits of time and size, graceful stop
//
// Storage is a [gonotes/rest/store.Store].
package api

//go:generate go tool oapi-codegen -config oapi-codegen.yaml -o api.gen.go openapi.yaml
