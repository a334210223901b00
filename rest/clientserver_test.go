package rest_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gonotes/internal/claim"
	"gonotes/rest"
	"gonotes/rest/api"
	"gonotes/rest/store"
	"gonotes/rest/store/sqlite"
)

// service is what there is on a machine: the API, and the file that its store
// has, if it has one.
type service struct {
	api  *http.Client
	file string
}

// A client sees equal bytes when the store behind the API is exchanged.
func TestClientServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sites.db")
	inFile, err := sqlite.Open(file)
	require.NoError(t, err)
	t.Cleanup(func() { inFile.Close() })
	var services []service
	for _, s := range []store.Store{store.NewMemory(), inFile} {
		services = append(services, service{api: direct(theAPI(s))})
		for _, doc := range []store.Document{
			{Kind: "account", ID: "1", Body: []byte(`{"name":"Ann & Co","plan":"team"}`)},
			{Kind: "site", ID: "2", Parent: "1", Unique: "s.example", Body: []byte(`{"domain":"s.example","name":"<s>","status":"active"}`)},
			{Kind: "site", ID: "3", Parent: "1", Unique: "t.example", Body: []byte(`{"domain":"t.example","name":"t","status":"paused"}`)},
			{Kind: "campaign", ID: "4", Parent: "2", Body: []byte(`{"name":"spring","medium":"email","starts":"2026-03-01T00:00:00Z"}`)},
		} {
			doc.Created, doc.Updated = time.UnixMilli(0).UTC(), time.UnixMilli(0).UTC()
			_, err := s.Create(t.Context(), doc, store.Key{})
			require.NoError(t, err)
		}
	}
	services[1].file = file
	proof := claim.Prove(t, rest.ClientServer, func(client func(service) (string, error)) error {
		inMemory, err := client(services[0])
		if err != nil {
			return fmt.Errorf("with the store in memory: %w", err)
		}
		inFile, err := client(services[1])
		if err != nil {
			return fmt.Errorf("with the store in SQLite: %w", err)
		}
		if inMemory != inFile {
			return fmt.Errorf("the client sees %s with one store, %s with the other", inMemory, inFile)
		}
		return nil
	})
	proof.Holds("a client that follows all links, on memory and SQLite", func(s service) (string, error) { return snapshot(s.api) })
	proof.Holds("a client that reads XML", func(s service) (string, error) {
		a, err := want(http.StatusOK, s.api, http.MethodGet, base+"/accounts/1/sites", "", "Accept", "application/xml")
		return a.header.Get("ETag") + a.body, err
	})
	proof.Control("a client that reads the database file", func(s service) (string, error) {
		db, err := sql.Open("sqlite3", "file:"+s.file+"?mode=ro")
		if err != nil {
			return "", err
		}
		defer db.Close()
		var name string
		err = db.QueryRowContext(context.Background(), "SELECT body FROM documents WHERE id = '1'").Scan(&name)
		return name, err
	}, "with the store in memory: sqlite3")
	proof.Control("a client that is told which store answers", func(s service) (string, error) {
		return filepath.Base(s.file), nil
	}, "the client sees . with one store, sites.db with the other")
}

// The same resource comes as JSON and as XML, as the client asks; what cannot be
// had is 406, what is not taken 415.
func TestClientServer_formats(t *testing.T) {
	proof := claim.Prove(t, rest.ClientServer, func(replica func(store.Store) http.Handler) error {
		client := direct(replica(store.NewMemory()))
		made, err := want(http.StatusCreated, client, http.MethodPost, base+"/accounts", `<account><name>Ann</name><plan>free</plan></account>`, "Content-Type", "application/xml")
		if err != nil {
			return err
		}
		path := base + made.header.Get("Location")
		var views [2]api.Account
		for i, format := range []struct {
			media     string
			unmarshal func([]byte, any) error
		}{{"application/json", json.Unmarshal}, {"application/xml", xml.Unmarshal}} {
			a, err := want(http.StatusOK, client, http.MethodGet, path, "", "Accept", format.media)
			if err != nil {
				return err
			}
			if got := a.header.Get("Content-Type"); got != format.media {
				return fmt.Errorf("asked for %s, got %s", format.media, got)
			}
			if err := format.unmarshal([]byte(a.body), &views[i]); err != nil {
				return err
			}
		}
		if fmt.Sprint(views[0]) != fmt.Sprint(views[1]) {
			return fmt.Errorf("JSON says %v, XML says %v", views[0], views[1])
		}
		if _, err := want(http.StatusNotAcceptable, client, http.MethodGet, path, "", "Accept", "text/csv"); err != nil {
			return err
		}
		_, err = want(http.StatusUnsupportedMediaType, client, http.MethodPost, base+"/accounts", `{"name":"Ann","plan":"free"}`, "Content-Type", "text/csv")
		return err
	})
	proof.Holds("the API", theAPI)
	proof.Control("a server that ignores Accept", changed(func(r *http.Request) { r.Header.Del("Accept") }), "asked for application/xml, got application/json")
	proof.Control("a server that sends JSON rather than 406", changed(func(r *http.Request) {
		if r.Header.Get("Accept") == "text/csv" {
			r.Header.Del("Accept")
		}
	}), "is answered with 200, want 406")
	proof.Control("a server that takes everything for JSON", changed(func(r *http.Request) {
		if r.Header.Get("Content-Type") == "text/csv" {
			r.Header.Set("Content-Type", "application/json")
		}
	}), "is answered with 201, want 415")
	proof.Control("a server whose XML says something else", edited(func(_ *http.Request, _ *int, h http.Header, body *string) {
		if h.Get("Content-Type") == "application/xml" {
			*body = strings.Replace(*body, "Ann", "Bob", 1)
		}
	}), "XML says")
}

// changed is a twin that changes each request before it is answered.
func changed(change func(*http.Request)) func(store.Store) http.Handler {
	return wrapped(func(next http.Handler, _ store.Store) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			change(r)
			next.ServeHTTP(w, r)
		})
	})
}
