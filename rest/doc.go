// Package rest asks what the notes say of REST, and answers with an API that
// keeps its constraints and with servers that break them.
//
// REST is a style of architecture: a set of constraints and what each of them
// buys. The claims of the notes are the constants of this package. Each is
// proved on the configuration API of an analytics platform, in package api: the
// same check is asked of the API, which must pass, and of a server that breaks
// the constraint, which must fail.
//
// # Client and server
//
// [ClientServer]: both change on their own, since the interface between them
// hides each from the other. The store behind the API is exchanged, memory for
// SQLite, and clients see equal bytes; a client that reads the database file
// does not survive it. JSON and XML are two formats of one resource, and the
// client says which it prefers: what cannot be had is 406, what is not taken 415.
//
// # State
//
// [Stateless]: each request carries all that it needs, so any replica answers
// it, and any may be killed between two requests. The state of resources is
// kept, that of a conversation is not. A session in memory fails as soon as the
// second replica answers; keeping a client on one replica hides this until that
// one is killed.
//
// [ApplicationState]: where a client is in its task is in the links that it
// holds. It goes on after all servers were exchanged; a cursor that a server
// keeps ends with its process.
//
// # Caches
//
// [Cacheable]: each response says who may keep it and for how long. What may be
// kept has an ETag, and asking for it again costs 304 and no content. Vary names
// the request fields that chose the format, and a cache that ignores it serves
// XML to those who want JSON. A response that says nothing may be kept all the
// same, for a time that the cache guesses. Package cache is a shared cache, judged
// by a public suite.
//
// # The uniform interface
//
// [UniformInterface]: resources have URIs, messages describe themselves, links
// lead on, and methods mean the same everywhere. A client that knows the entry
// point alone comes to everything. Safe methods change nothing, idempotent ones
// may be sent twice; both are checked on all resources. Updates name the version
// that they change, so none is lost.
//
// # Layers
//
// [Layered]: a component sees its neighbour only. The same client gets the same
// answers through TLS, rate limit, proxy, cache and balancer, in package gateway,
// and the origin behind them is closed to it. Links must be paths: a server that
// writes its own host into them leads clients around the layers.
//
// # Code on demand
//
// [CodeOnDemand]: the constraint that is optional, and that the notes leave out. A
// page names a script, and what the script does is the server's to change.
//
// # The word
//
// [Restful]: computed from what a client did, the API is at level 3 of the
// Richardson maturity model, and its twins are at 0, 1 and 2. The levels say
// nothing of state and caches.
//
// # Testing a web API
//
// [TestTools] and [ToolsRequired], in package tools: a Postman collection, a
// script of curl and jq, and a Go function ask the same cases and fail at the same
// ones against a server with a fault. The standard library alone is enough; what
// counts is to check fields and content, since statuses alone miss faults.
//
// # Serving it
//
// go run ./rest/cmd/sites serves the API on one SQLite file. What it acknowledged
// survives kill -9.
package rest
