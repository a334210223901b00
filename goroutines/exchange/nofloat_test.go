package exchange_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"

	"gonotes/goroutines/exchange"
	"gonotes/goroutines/exchange/book"
	"gonotes/goroutines/exchange/protocol"
	"gonotes/internal/claim"
)

// A tape is a market of one side whose price moves by cents. Orders come at the price
// where it is, as one does that follows the market, or at a price that somebody typed.
type tape interface {
	move(cents int64)              // the price
	follow(lots int64)             // an order at the price
	typed(text string, lots int64) // an order at this price
	levels() int                   // at how many prices orders are
	value() (cents *big.Int)       // of all orders, price times lots
}

// exact is the check that, over a million orders, each price has one level and no cent
// of the value is lost.
func exact(make func() tape) error {
	random := rand.New(rand.NewPCG(1, 0))
	got, at, value := make(), int64(firstPrice), new(big.Int)
	visited := map[int64]bool{}
	for range million / 2 {
		step := random.Int64N(2)*2 - 1
		lots := 1 + random.Int64N(10_000)
		at += step
		got.move(step)
		got.follow(lots)
		got.typed(string(acme.AppendPrice(nil, at)), lots)
		visited[at] = true
		value.Add(value, big.NewInt(2*at*lots))
	}
	if got.levels() != len(visited) {
		return fmt.Errorf("%d levels, want %d", got.levels(), len(visited))
	}
	if got.value().Cmp(value) != 0 {
		return fmt.Errorf("worth %d cents, want %d", got.value(), value)
	}
	return nil
}

// acme is an instrument whose tick is a cent.
var acme = func() *protocol.Instrument {
	in, err := protocol.NewInstrument("ACME", "0.01", "1")
	if err != nil {
		panic(err)
	}
	return in
}()

const firstPrice = 1_000_000 // cents

// ticks is a tape of a real book.
type ticks struct {
	book    *book.Book
	reports []book.Report
	id      uint64
	price   int64
}

func (b *ticks) move(cents int64) { b.price += cents }

func (b *ticks) follow(lots int64) { b.order(b.price, lots) }

func (b *ticks) typed(text string, lots int64) {
	price, err := acme.Price(text)
	if err != nil {
		panic(err)
	}
	b.order(price, lots)
}

func (b *ticks) order(price, lots int64) {
	b.id++
	b.reports = b.book.Apply(&book.Command{Kind: book.Enter, ID: b.id, Price: price, Quantity: lots}, b.reports[:0])
}

func (b *ticks) levels() int { return len(b.book.Depth(nil, book.Buy, math.MaxInt)) }

func (b *ticks) value() *big.Int {
	sum := new(big.Int)
	for _, level := range b.book.Depth(nil, book.Buy, math.MaxInt) {
		sum.Add(sum, new(big.Int).Mul(big.NewInt(level.Price), big.NewInt(level.Quantity)))
	}
	return sum
}

// floats is a tape with prices in floating point.
type floats struct {
	price  float64
	step   func(price, by float64) float64
	prices map[float64]bool
	sum    float64
}

func (f *floats) move(cents int64) { f.price = f.step(f.price, float64(cents)/100) }

func (f *floats) follow(lots int64) { f.order(f.price, lots) }

func (f *floats) typed(text string, lots int64) {
	price, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err)
	}
	f.order(price, lots)
}

func (f *floats) order(price float64, lots int64) {
	f.prices[price] = true
	f.sum += price * float64(lots)
}

func (f *floats) levels() int { return len(f.prices) }

func (f *floats) value() *big.Int {
	cents, _ := big.NewFloat(math.Round(f.sum * 100)).Int(nil)
	return cents
}

func floatTape(step func(price, by float64) float64) *floats {
	return &floats{price: firstPrice / 100, step: step, prices: map[float64]bool{}}
}

// Over a million orders at prices that move by a cent, ticks keep one level for a price
// and the value to the cent. Floats do not: the same price, once reached in steps and once
// typed, is two prices; and if each is rounded, the sum is still wrong.
func TestNoFloat(t *testing.T) {
	proof := claim.Prove(t, exchange.NoFloat, exact)
	var exactly, added tape
	proof.Holds("the book, in ticks", func() tape {
		exactly = &ticks{book: book.New(0), price: firstPrice}
		return exactly
	})
	proof.Control("float64", func() tape {
		added = floatTape(func(price, by float64) float64 { return price + by })
		return added
	}, "levels, want")
	proof.Control("float64, rounded to the cent at each step", func() tape {
		return floatTape(func(price, by float64) float64 { return math.Round((price+by)*100) / 100 })
	}, "cents, want")
	proof.Figure(fmt.Sprintf("float64: levels of %d prices", exactly.levels()), float64(added.levels()), "levels")
}

// Text becomes ticks without a float in between, so that every price of a cent is read
// and written as it was; through a float32, as some feeds have it, it is not.
func TestNoFloat_text(t *testing.T) {
	proof := claim.Prove(t, exchange.NoFloat, func(back func(text string) string) error {
		for cents := int64(99_999_000); cents < 100_001_000; cents++ {
			text := string(acme.AppendPrice(nil, cents))
			if got := back(text); got != text {
				return fmt.Errorf("%s becomes %s", text, got)
			}
		}
		return nil
	})
	proof.Holds("protocol.Instrument", func(text string) string {
		ticks, err := acme.Price(text)
		if err != nil {
			return err.Error()
		}
		return string(acme.AppendPrice(nil, ticks))
	})
	proof.Control("float32", func(text string) string {
		price, err := strconv.ParseFloat(text, 32)
		if err != nil {
			return err.Error()
		}
		return strconv.FormatFloat(float64(float32(price)), 'f', 2, 64)
	}, "999990.01 becomes 999990.00")
}
