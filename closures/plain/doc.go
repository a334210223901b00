// Package plain holds the concurrent calculations of package closures once
// more, without a function literal: what a closure would capture stands in the
// fields of a struct, and what it would do is a method.
//
// The two forms give the same results. How much more is written here is
// measured by the proof of the claim closures/concurrent. A method value such
// as task.run is the nearest thing to a closure that is left: a function bound
// to a copy of its receiver.
package plain
