package closures

import "gonotes/internal/claim"

// Concurrent: closures make some concurrent calculations easier. (§2)
//
// Judgement: yes, where a task needs the variables around it; there a function
// literal spares the struct that would carry them. A task with nothing to
// capture gains nothing.
//
// Proxy: AST nodes, named declarations and lines of the same calculations
// written with function literals and with structs and methods.
//
// Source: https://go.dev/doc/effective_go#goroutines
const Concurrent claim.ID = "closures/concurrent"

// LocalFunctions: a closure is just a local function. (§2)
//
// Holds, but: it carries the variables themselves and they outlive the call;
// what is captured by value or by reference, and what is allocated, the
// compiler decides.
//
// Source: https://go.dev/ref/spec#Function_literals
const LocalFunctions claim.ID = "closures/local-functions"

// LoopVariable: goroutines started in a loop see the last value. (§2, asked next)
//
// Outdated: each iteration has its own variable since Go 1.22 (2024); code
// whose language version is older, by go.mod or by build constraint, still
// shares one.
//
// Source: https://go.dev/blog/loopvar-preview
const LoopVariable claim.ID = "closures/loop-variable"
