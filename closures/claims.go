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
// Asked: What are closures good for in concurrent code?
//
// Answer: A go statement takes a call and returns nothing, so what a task needs
// and what it gives back must pass through arguments or captured variables. A
// function literal captures them where it stands; without it you declare a
// struct with a method for each step. That saves names and lines where there is
// something to capture, and nothing where there is not. What is captured is
// shared: two tasks that write it need a lock.
//
// Source: https://go.dev/doc/effective_go#goroutines
const Concurrent claim.ID = "closures/concurrent"

// LocalFunctions: a closure is just a local function. (§2)
//
// Holds, but: it carries the variables themselves and they outlive the call;
// what is captured by value or by reference, and what is allocated, the
// compiler decides.
//
// Asked: What is a closure in Go?
//
// Answer: A function literal together with the variables around it that it
// uses. It captures the variables, not their values: later changes are seen,
// two closures can share one variable, and it lives on after the call that
// declared it. The compiler copies what nobody changes afterwards, up to 128
// bytes. A closure that escapes costs one allocation, or two when it shares a
// variable; one that captures nothing costs none.
//
// Source: https://go.dev/ref/spec#Function_literals
const LocalFunctions claim.ID = "closures/local-functions"

// LoopVariable: goroutines started in a loop see the last value. (§2, asked next)
//
// Outdated: each iteration has its own variable since Go 1.22 (2024); code
// whose language version is older, by go.mod or by build constraint, still
// shares one.
//
// Asked: What do goroutines started in a loop print when they print the loop
// variable?
//
// Answer: Since Go 1.22, in 2024, each iteration has a variable of its own, so
// three goroutines print 0, 1 and 2, in any order. Before, all shared one
// variable and mostly printed the last value, which is why old code says x :=
// x. The language version of the module or of the file decides, not the
// compiler: with go 1.21 in go.mod the old loop is still there.
//
// Source: https://go.dev/blog/loopvar-preview
const LoopVariable claim.ID = "closures/loop-variable"
