package market

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"gonotes/goroutines/exchange/journal"
)

// An Exchange has a market for each symbol, which share nothing. It belongs to one
// goroutine; its markets do not.
type Exchange struct {
	directory string
	log       *slog.Logger
	markets   map[string]*Market
}

// NewExchange returns an exchange without markets, whose journals are below a directory,
// or nowhere if that is empty.
func NewExchange(directory string, log *slog.Logger) *Exchange {
	return &Exchange{directory: directory, log: log, markets: map[string]*Market{}}
}

// Open opens the market of a symbol, which has a journal of its own.
func (e *Exchange) Open(symbol string) (*Market, journal.Recovery, error) {
	if e.markets[symbol] != nil {
		return nil, journal.Recovery{}, fmt.Errorf("market: %s is open", symbol)
	}
	m, found, err := Open(e.Directory(symbol), e.log.With("symbol", symbol))
	if err != nil {
		return nil, found, fmt.Errorf("%s: %w", symbol, err)
	}
	e.markets[symbol] = m
	return m, found, nil
}

// Directory returns where the journal of a symbol is, or "" if nothing is kept.
func (e *Exchange) Directory(symbol string) string {
	if e.directory == "" {
		return ""
	}
	return filepath.Join(e.directory, "book-"+symbol)
}

// Market returns the market of a symbol, or nil if it is not open.
func (e *Exchange) Market(symbol string) *Market { return e.markets[symbol] }

// Close closes all markets.
func (e *Exchange) Close() error {
	var failed error
	for symbol, m := range e.markets {
		if err := m.Close(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", symbol, err))
		}
	}
	return failed
}
