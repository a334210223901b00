// Package mongodbtest gives tests databases of their own on a server that others
// use, too.
package mongodbtest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Env names the environment variable with the connection string of the server for
// tests, which are skipped where it is not set.
const Env = "MONGODB_URI"

// Fresh returns the connection string uri with the name of a database that is new,
// which it drops when the test ends. If uri has a user, it must name the authSource.
func Fresh(t testing.TB, uri string) string {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	require.NoError(t, err)
	name := "gonotes_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		assert.NoError(t, client.Database(name).Drop(ctx))
		assert.NoError(t, client.Disconnect(ctx))
	})
	scheme, rest, _ := strings.Cut(uri, "://")
	rest, query, _ := strings.Cut(rest, "?")
	hosts, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + hosts + "/" + name + "?" + query
}
