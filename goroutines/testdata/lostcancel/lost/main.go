// Lost returns from a function and forgets to cancel. Vet reports it.
package main

import (
	"context"
	"fmt"
	"time"
)

func main() { fmt.Println(ask(context.Background(), "")) }

func ask(ctx context.Context, question string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	if question == "" {
		return fmt.Errorf("no question") // wrong: the child stays with its parent
	}
	defer cancel()
	return ctx.Err()
}
