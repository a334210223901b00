// Package bench compares what tasks cost on this machine: goroutines, threads
// and the tasks of other runtimes, and beside them the benchmarks of the topics.
//
// A [Plan] says what is measured. Each point, so many tasks of one kind, has a
// process of its own, and the rounds go over all kinds in turn, so that a busy
// moment of the machine does not hit one kind alone. [Results] are kept as lines
// of the Go benchmark format, one a round, which [Read] reads back and benchstat
// compares; tables and plots show medians with the least and the most.
package bench
