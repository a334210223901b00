// Package closures asks what the notes say of closures, and answers with tests.
//
// A closure is a function literal together with the variables around it that it
// uses. The claims of the notes are the constants of this package; each is
// proved by tests of its name, and shown by the examples in the order of this
// text.
//
// # Concurrent calculations
//
// [Concurrent]: closures are said to make some concurrent calculations easier.
// A go statement returns nothing, so all that a task needs and all that it gives
// back passes through its arguments or through variables that it has captured.
// Five calculations are written both ways:
//
//   - [FanOut] asks work of many items and folds the answers into one; the first
//     error cancels the rest.
//   - [First] asks many sources and takes the first answer. The losers need room
//     for theirs: on an unbuffered channel they are stuck for ever, and a leak
//     detector finds them.
//   - [ParallelMap] keeps the order of the items, since each task has captured
//     the index of its own iteration.
//   - [Future] starts now and is waited for later.
//   - [Memoize] gives a function a memory. What it stores for a key is a future,
//     a closure, so that those who ask meanwhile wait instead of computing again.
//
// The package plain next to this one holds the same with structs and methods in
// the place of function literals. Both give the same results under the race
// detector; the literals need fewer syntax nodes, names and lines. That is a
// proxy for easier and no more, and it has its limit: a step with a name and
// nothing to capture is no shorter as a literal.
//
// Ease has a price. What a closure captures it shares, so two goroutines that
// change one captured variable need a lock, as the total of FanOut does.
//
// # Local functions
//
// [LocalFunctions]: a closure is said to be just a local function. Go has no
// declared functions inside functions, only literals; and such a literal is more
// than local code. It captures variables, not values: a change made after the
// closure was is seen, and two closures over one variable share it. The
// variables live as long as the closure, beyond the call that declared them, and
// the next call declares others. A literal that captures nothing is none of
// this. It has no state, and it is one closure for ever, the same word in memory
// every time.
//
// Cost. The compiler copies a variable into the closure when it is at most 128
// bytes, never assigned again and never pointed to, for then nobody can tell. A closure that
// escapes is one allocation with such copies, two when a variable that it shares
// has to move to the heap, and none when it captures nothing; nor does a closure
// that does not escape allocate at all.
//
// Defer. A deferred call evaluates its arguments at the defer statement, a
// deferred closure reads its variables at the end. If one of these is a named
// result, what it assigns is what the caller gets: so a panic becomes an error.
//
// Generators. An iterator such as [Fibonacci] is a closure that calls another,
// the body of the loop. Where its state is declared decides whether a second
// range starts anew; a generator captures another as easily ([Take]). A break
// makes yield return false, and the generator has to return; iter.Pull gives two
// closures, next and stop, and without stop nothing that was deferred is done.
//
// Heap. A closure keeps all that it captured alive: a megabyte, where it needs
// its length only. Capture the length.
//
// Method values. g.value without parentheses binds a copy of g, made at once;
// the closure func() int { return g.value() } asks g when it is called.
//
// Options. A functional option carries its value in a closure, so a zero asked
// for differs from a setting not made: see [Option], [Attempts], [Pause] and
// [Retry].
//
// Recursion. A closure can call itself only through a variable declared before
// it. What the variable is given later takes part: assign it its own memoised
// form, and the inner calls remember too.
//
// # Loop variables
//
// [LoopVariable]: goroutines started in a loop are said to see its last value.
// They did until Go 1.22, which gave each iteration a variable of its own. The
// language version decides, not the compiler: a file that says //go:build go1.21
// has the old loops still, and that is the control. The variable may change
// within its iteration all the same, and then the closure sees it.
package closures
