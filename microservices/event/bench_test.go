package event_test

import (
	"testing"

	"github.com/go-json-experiment/json"

	"gonotes/microservices/event"
)

// What a message takes of who writes it and of who reads it:
// go test -run='^$' -bench=. ./microservices/event
func BenchmarkActivity(b *testing.B) {
	a := view()
	value := a.Encode()
	for _, bench := range []struct {
		name string
		do   func() error
	}{
		{"op=encode/impl=Encode", func() error { a.Encode(); return nil }},
		{"op=encode/impl=json", func() error { _, err := json.Marshal(&a); return err }},
		{"op=decode/impl=DecodeActivity", func() error { _, err := event.DecodeActivity(value); return err }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(value)))
			for b.Loop() {
				if err := bench.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
