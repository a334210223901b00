package insights

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"gonotes/microservices/sites"
	"gonotes/rest/problem"
)

// NewAPI returns the handler that answers for the numbers:
//
//	GET /months/{month}                  usage of all sites in a month like 2026-03
//	GET /months/{month}/sites/{domain}   that of one site
func NewAPI(i *Insights, directory *sites.Directory) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /months/{month}", func(w http.ResponseWriter, r *http.Request) {
		usage, ok := i.Month(r.PathValue("month"))
		send(w, r, usage, ok)
	})
	mux.HandleFunc("GET /months/{month}/sites/{domain}", func(w http.ResponseWriter, r *http.Request) {
		site, ok := directory.Find(r.PathValue("domain"))
		if !ok {
			problem.Write(w, http.StatusNotFound, fmt.Sprintf("No site has the domain %.80q.", r.PathValue("domain")))
			return
		}
		usage, ok := i.Site(r.PathValue("month"), site.ID)
		send(w, r, usage, ok)
	})
	return mux
}

func send(w http.ResponseWriter, r *http.Request, usage Usage, ok bool) {
	month := r.PathValue("month")
	if _, err := time.Parse("2006-01", month); err != nil {
		problem.Write(w, http.StatusBadRequest, fmt.Sprintf("The month is %.40q, want one like 2026-03.", month))
		return
	}
	if !ok {
		problem.Write(w, http.StatusNotFound, "Nothing happened in "+month+".")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(usage)
}
