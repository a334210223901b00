package rest

import "gonotes/internal/claim"

// ClientServer: a server exchanges documents with clients over HTTP, typically
// JSON or XML. (§4)
//
// Holds, but: HTTP is usual and not required; the constraint is that the two
// are separate: the store is exchanged and the client sees equal bytes.
//
// Asked: What does client-server mean as a constraint of REST?
//
// Answer: That the user interface and the storage of data are separate, with an
// interface between them that hides each from the other. Then both change on
// their own. That the documents are JSON or XML over HTTP is usual, not part of
// it. A test: exchange the store behind the API, and no client can tell. A client
// that reads the database file fails it.
//
// Source: https://www.ics.uci.edu/~fielding/pubs/dissertation/rest_arch_style.htm
const ClientServer claim.ID = "rest/client-server"

// ApplicationState: clients manage their application state. (§4)
//
// Holds: where a client is in its task is in the links that it holds; all
// replicas may be killed and others started in the middle of a walk over pages.
//
// Asked: Where is the state of an application built on REST?
//
// Answer: With the client. Each representation has links to what can be done
// next, and the client chooses one: that is a change of its application's state.
// The server keeps resources, not who is on which page. So a walk over pages
// goes on after every server was exchanged, since the link says all that is
// needed. A cursor that the server keeps in memory ends with its process.
//
// Source: https://www.ics.uci.edu/~fielding/pubs/dissertation/rest_arch_style.htm
const ApplicationState claim.ID = "rest/application-state"

// Stateless: the server keeps no client state, each request carries all it
// needs. (§4)
//
// Holds, but: it keeps the state of resources; what it does not keep is a
// session, so any replica answers any request.
//
// Asked: What does stateless mean, if the server has a database?
//
// Answer: That no request depends on an earlier one of the same client: all
// that is needed to understand it is in it. The state of resources is kept, the
// state of a conversation is not. Then a balancer may send each request to any
// replica, replicas may be killed between two requests, and adding one needs no
// copy of sessions. The cost is that requests are larger, since each says again
// who asks.
//
// Source: https://www.ics.uci.edu/~fielding/pubs/dissertation/rest_arch_style.htm
const Stateless claim.ID = "rest/stateless"

// Cacheable: responses are marked as cacheable or not. (§4)
//
// Holds, but: HTTP lets a cache keep a response that is not marked, for a time
// that it guesses from Last-Modified; so an API marks every one.
//
// Asked: How does an HTTP API say what may be cached?
//
// Answer: By Cache-Control: for how long a response is fresh, who may keep it, or
// that nobody may. ETag lets a stale one be validated, and the answer is then 304
// without content. Vary names the request fields that chose the representation;
// a cache that ignores it hands XML to a client that wants JSON. An unmarked
// response may still be kept, by heuristics, so silence is no prohibition.
//
// Source: https://www.rfc-editor.org/rfc/rfc9111
const Cacheable claim.ID = "rest/cacheable"

// UniformInterface: there is one uniform interface between components. (§4)
//
// Holds: resources by URI, representations, messages that describe themselves,
// and links; with methods that mean the same everywhere: safe ones change
// nothing, idempotent ones may be sent twice.
//
// Asked: What is the uniform interface of REST, and what does it buy you?
//
// Answer: Resources have URIs, clients change them by representations, each
// message says how to read it, and links say what comes next. The methods mean
// the same on all resources: GET is safe, PUT and DELETE are idempotent. So
// caches, proxies and retries work without knowing the application, and a client
// needs to know one URI only. An interface made for one task would be faster.
//
// Source: https://www.rfc-editor.org/rfc/rfc9110#section-9.2
const UniformInterface claim.ID = "rest/uniform-interface"

// Layered: a component sees only its neighbour, so balancers and proxies can be
// added for security and performance. (§4)
//
// Holds: the same client gets equal answers through cache, balancer, TLS and
// rate limiter, and an origin that is closed to the outside is reached through
// them alone.
//
// Asked: What must an API do, so that proxies can be put before it?
//
// Answer: Nothing that depends on who its neighbour is. Links are paths or are
// built on what the outermost layer says, never on the host that the server
// believes it has, or following one leaves the layers. Answers say how they may
// be cached, and clients are told apart by what the request carries, not by the
// address of the connection. Then layers add security and speed, and some delay.
//
// Source: https://www.ics.uci.edu/~fielding/pubs/dissertation/rest_arch_style.htm
const Layered claim.ID = "rest/layered"

// CodeOnDemand: a server may extend its clients by code that they download. (§4,
// asked next)
//
// Holds: a browser that knows nothing of page views reports one by the script
// that the site's page names; a change of how reaches it with the next download.
//
// Asked: Which constraint of REST is optional?
//
// Answer: Code on demand: the server sends a script, and the client can do what
// it could not before. The tracker of an analytics service is one; the page has a
// single line, and how a view is reported is the server's to change. It is optional
// because it takes from what a proxy can see, and since not every client can or
// wants to run foreign code.
//
// Source: https://www.ics.uci.edu/~fielding/pubs/dissertation/rest_arch_style.htm
const CodeOnDemand claim.ID = "rest/code-on-demand"

// Restful: services built so are called RESTful, and many are only like it. (§4)
//
// Judgement: the word has no test of its own; where an API stands between one
// endpoint for all and links that lead a client can be computed.
//
// Proxy: the level of the Richardson maturity model, from a record of what one
// client did: resources, methods and statuses, links.
//
// Asked: When is an API RESTful?
//
// Answer: Strictly when it keeps all constraints of the style. In practice one
// speaks of levels. At level 0 all goes to one URI, at level 1 things have their
// own, at level 2 methods and statuses mean what HTTP says, at level 3 links lead
// the client, which knows the entry point alone. Most APIs called RESTful are at
// level 2. Statelessness and caching are not in the levels at all.
//
// Source: https://martinfowler.com/articles/richardsonMaturityModel.html
const Restful claim.ID = "rest/restful"

// TestTools: a web API is tested with Postman, curl and jq. (§9)
//
// Holds: one collection run by newman, one script of curl and jq and one Go
// function ask the same cases, and fail at the same ones.
//
// Asked: How do you test a web API from outside?
//
// Answer: With what sends requests and looks at the answers. A Postman collection
// is good to try things by hand and to share, and newman runs it in CI. A script
// of curl and jq needs nothing but a shell. A Go test is typed, runs in the same
// process and is debugged with the code. Which one matters less than what is
// asked: statuses alone miss most faults.
//
// Source: https://learning.postman.com/docs/collections/using-newman-cli/command-line-integration-with-newman/
const TestTools claim.ID = "rest/test-tools"

// ToolsRequired: such tools are required to test a web API. (§9)
//
// Wrong: net/http and httptest of the standard library find every seeded fault;
// what counts is that fields and content are checked and not statuses alone.
//
// Asked: Do you need Postman to test a web API?
//
// Answer: No. In Go a test starts the real handler with httptest, sends requests
// with net/http and checks statuses, fields and content, without a port that
// somebody else uses and without anything to install. It runs with go test, under
// the race detector, in a debugger. Postman is a good place to explore and to
// share requests with those who do not write Go.
//
// Source: https://pkg.go.dev/net/http/httptest
const ToolsRequired claim.ID = "rest/tools-required"
