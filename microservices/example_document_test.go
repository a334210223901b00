package microservices_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"gonotes/microservices/sitedoc"
	"gonotes/rest/store"
	"gonotes/rest/store/sqlite"
)

// Documents of three generations lie in one collection. One that is changed takes
// today's shape, the others stay as they are.
func Example_mongoDBSchema() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	documents, err := sqlite.Open(filepath.Join(dir, "documents.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer documents.Close()
	ctx := context.Background()
	for i, body := range []string{
		`{"name":"A","status":"active","domain":"a.example"}`,
		`{"v":2,"name":"B","status":"active","domains":["b.example","www.b.example"]}`,
		`{"v":3,"name":"C","status":"active","hosts":[{"name":"c.example","primary":true}],"timezone":"Europe/Berlin"}`,
	} {
		documents.Create(ctx, store.Document{Kind: sitedoc.Kind, ID: fmt.Sprint(i + 1), Body: []byte(body)}, store.Key{})
	}
	sitedoc.Change(ctx, documents, "1", func(s *sitedoc.Site) error {
		s.Timezone = "Asia/Tokyo"
		return nil
	})
	all, _ := documents.List(ctx, store.Query{Kind: sitedoc.Kind, Limit: 10})
	for _, doc := range all {
		generation, _ := sitedoc.Generation(doc.Body)
		site, err := sitedoc.Decode(doc.Body)
		fmt.Println("generation", generation, site.Name, len(site.Hosts), site.Timezone, err)
	}
	// Output:
	// generation 3 A 1 Asia/Tokyo <nil>
	// generation 2 B 2 UTC <nil>
	// generation 3 C 1 Europe/Berlin <nil>
}
