package closures_test

import (
	"fmt"
	"strings"

	"gonotes/closures"
)

// ParallelMap captures the results and, in each iteration, the index and the item.
//
//claim:closures/concurrent
func ExampleParallelMap() {
	currency := "EUR" // captured by the function that is mapped
	prices := closures.ParallelMap([]int{5, 10, 25}, func(cents int) string {
		return fmt.Sprintf("%d.%02d %s", cents/100, cents%100, currency)
	})
	fmt.Println(strings.Join(prices, ", "))
	// Output:
	// 0.05 EUR, 0.10 EUR, 0.25 EUR
}
