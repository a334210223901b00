package gateway

import (
	"net/http"
	"net/netip"
	"strings"
)

// Forwarded stands where clients connect. It removes what a client says about
// how its request came, and says it itself: Forwarded (RFC 7239) with the
// client's address, the Host and the scheme, and X-Forwarded-Proto. [Proxy] adds
// X-Forwarded-For at each hop.
func Forwarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(r.Context()) // Clone would lose the trailer, which is yet to come
		r.Header = r.Header.Clone()
		for name := range r.Header {
			if name == "Forwarded" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-") {
				delete(r.Header, name)
			}
		}
		proto := "http"
		if r.TLS != nil {
			proto = "https"
		}
		r.Header.Set("Forwarded", "for="+node(r)+";host="+quote(r.Host)+";proto="+proto)
		r.Header.Set("X-Forwarded-Proto", proto)
		next.ServeHTTP(w, r)
	})
}

// peer is the address of the other end of the connection.
func peer(r *http.Request) (netip.Addr, bool) {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	return ap.Addr().Unmap().WithZone(""), err == nil
}

// node is the peer as RFC 7239 §6 writes it.
func node(r *http.Request) string {
	addr, ok := peer(r)
	switch {
	case !ok:
		return "unknown"
	case addr.Is6():
		return `"[` + addr.String() + `]"`
	}
	return addr.String()
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// quote writes s as a quoted-string (RFC 9110 §5.6.4).
func quote(s string) string { return `"` + escape.Replace(s) + `"` }
