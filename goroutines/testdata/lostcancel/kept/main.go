// Kept cancels whatever way the function is left.
package main

import (
	"context"
	"fmt"
	"time"
)

func main() { fmt.Println(ask(context.Background(), "")) }

func ask(ctx context.Context, question string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if question == "" {
		return fmt.Errorf("no question")
	}
	return ctx.Err()
}
