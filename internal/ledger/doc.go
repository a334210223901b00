// Package ledger turns declarations and test events into a ledger: for every
// claim of the notes whether it is proved here, by what, and what the controls
// found.
//
// [Declared] reads the claims and what is linked to them from the sources,
// without loading or running them, so that a package that does not compile is
// named and does not stop the tool. [Run] folds the events of go test -json.
// [Settle] brings the two together. A claim starts as not proved, and only
// evidence raises it.
//
// A test, fuzz target, example or benchmark is linked to a claim by its name,
// compared without case: for runes/byte-char in package runes these are
// TestByteChar, TestByteChar_surrogates, FuzzByteChar, Example_byteChar and
// BenchmarkByteChar_walk. In another package, or on an example of a real
// function, the last line of the doc comment links:
//
//	//claim:runes/byte-char
package ledger
