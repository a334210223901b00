package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"gonotes/goroutines/exchange/protocol"
	"gonotes/goroutines/exchange/workload"
)

func generate(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	seed := flags.Uint64("seed", 1, "")
	commands := flags.Int("commands", 100_000, "")
	depth := flags.Int("depth", 1_000, "")
	rest, done, err := parse(flags, args, stdout)
	if err != nil || done {
		return err
	}
	switch {
	case len(rest) == 0:
		for _, w := range workload.All {
			if _, err := fmt.Fprintf(stdout, "%-8s%s\n", w.Name, w.About); err != nil {
				return err
			}
		}
		return nil
	case len(rest) > 1:
		return errUsage(fmt.Sprintf("generate: unknown argument %q", rest[1]))
	case *commands < 0:
		return errUsage(fmt.Sprintf("generate: -commands %d, want at least 0", *commands))
	case *depth < 0 || *depth > 10_000_000:
		return errUsage(fmt.Sprintf("generate: -depth %d, want 0 to 10,000,000", *depth))
	}
	w, err := workload.Named(rest[0])
	if err != nil {
		return errUsage("generate: " + err.Error())
	}
	acme, err := protocol.NewInstrument("ACME", "0.01", "1")
	if err != nil {
		return err
	}
	out := bufio.NewWriter(stdout)
	fmt.Fprintf(out, "# workload %s, seed %d, depth %d, %d commands: %s\n", w.Name, *seed, *depth, *commands, w.About)
	text := append(protocol.AppendInstrument(nil, acme), '\n')
	if _, err := out.Write(text); err != nil {
		return err
	}
	written, told := 0, time.Now()
	for c, filled := range w.Commands(*seed, *depth, *commands) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if filled && written == 0 {
			fmt.Fprintln(out, "# the workload")
		}
		if filled {
			written++
		}
		text = append(protocol.AppendCommand(text[:0], acme, &c), '\n')
		if _, err := out.Write(text); err != nil {
			return err
		}
		if written%1024 == 0 && time.Since(told) > time.Second {
			told = time.Now()
			fmt.Fprintf(stderr, "%d of %d commands\n", written, *commands)
		}
	}
	return out.Flush()
}
