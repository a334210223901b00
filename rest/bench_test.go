package rest_test

import (
	"net/http"
	"testing"

	"gonotes/rest/store"
)

// What a cache spares of a read through all layers, TLS included:
// go test -run='^$' -bench=Cacheable ./rest
func BenchmarkCacheable(b *testing.B) {
	none := func(origin http.RoundTripper) http.RoundTripper { return origin }
	for _, impl := range []struct {
		name  string
		inner func(http.RoundTripper) http.RoundTripper
	}{{"origin", none}, {"cache", cached(b)}} {
		b.Run("impl="+impl.name, func(b *testing.B) {
			s := store.NewMemory()
			account, _, err := fill(direct(theAPI(s)), 1)
			if err != nil {
				b.Fatal(err)
			}
			client := gatewayTo(b, newFleet(b, s, theAPI), impl.inner)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := want(http.StatusOK, client, http.MethodGet, "https://api.example"+account, ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
