package mongodb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"gonotes/rest/store"
	"gonotes/rest/store/mongodb"
)

// What cannot hold the store is refused, named by database and server, without
// what the connection string has of secrets.
func TestOpen_refused(t *testing.T) {
	f := listen(t, true)
	f.answer = func(string, bson.Raw) bson.D { return done }
	for _, test := range []struct{ uri, want string }{
		{"mongodb://" + f.addr, `mongodb: open database "gonotes" at ` + f.addr + ": it is a standalone server"},
		{"mongodb://" + f.addr + "/", `database "gonotes"`},
		{"mongodb://" + f.addr + "/?appName=a/b", `database "gonotes"`},
		{"mongodb://" + f.addr + "/prod%2Deu?appName=x", `database "prod-eu"`},
		{"mongodb://127.0.0.1:1/db?serverSelectionTimeoutMS=50", `mongodb: open database "db" at 127.0.0.1:1: server selection error`},
		{"postgres://" + f.addr, `mongodb: open: error parsing uri: scheme must be "mongodb"`},
		{"mongodb://ann:secret@127.0.0.1:1/db?serverSelectionTimeoutMS=50", "127.0.0.1:1"},
	} {
		s, err := mongodb.Open(t.Context(), test.uri)
		if err == nil {
			assert.NoError(t, s.Close())
		}
		require.ErrorContains(t, err, test.want)
		assert.NotContains(t, err.Error(), "secret")
	}
}

// Collections that are there already are taken, also where the server says that they
// are; anything else that goes wrong is told.
//
// Source: https://www.mongodb.com/docs/manual/reference/error-codes/
func TestOpen_creates(t *testing.T) {
	const namespaceExists, unauthorized = 48, 13
	f := listen(t, false)
	for _, test := range []struct {
		command string
		answer  bson.D
		want    string
	}{
		{"create", failed(namespaceExists, "none"), ""},
		{"create", failed(unauthorized, "none"), "refused"},
		{"createIndexes", failed(unauthorized, "none"), "refused"},
		{"createIndexes", failed(namespaceExists, "none"), "refused"},
	} {
		f.mu.Lock()
		f.answer = func(command string, _ bson.Raw) bson.D {
			if command == test.command {
				return test.answer
			}
			return done
		}
		f.mu.Unlock()
		s, err := mongodb.Open(t.Context(), "mongodb://"+f.addr)
		if err == nil {
			assert.NoError(t, s.Close())
		}
		if test.want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, test.want)
		}
	}
}

// A server is called by its own name: what speaks MongoDB's protocol need not be
// MongoDB.
func TestEngine(t *testing.T) {
	f := listen(t, false)
	var info bson.D
	f.answer = func(command string, _ bson.Raw) bson.D {
		if command == "buildInfo" {
			return info
		}
		return done
	}
	s := open(t, "mongodb://"+f.addr)
	for _, test := range []struct {
		info bson.D
		want string
	}{
		{bson.D{{Key: "version", Value: "8.2.1"}, {Key: "storageEngines", Value: bson.A{"devnull", "wiredTiger"}}}, "MongoDB 8.2.1"},
		{bson.D{{Key: "version", Value: "8.2.11"}, {Key: "secantusVersion", Value: "0.7.0b3"}}, "SecantusDB 0.7.0b3"},
		{bson.D{{Key: "version", Value: "7.0.0"}}, "a server of MongoDB's protocol 7.0.0"},
	} {
		info = append(test.info, done...)
		got, err := s.Engine(t.Context())
		require.NoError(t, err)
		assert.Equal(t, test.want, got)
	}
	info = failed(13, "none")
	_, err := s.Engine(t.Context())
	assert.ErrorContains(t, err, "mongodb: build info: refused")
}

var doc = store.Document{Kind: "account", ID: "1", Created: time.UnixMilli(5).UTC(), Updated: time.UnixMilli(5).UTC(), Body: []byte(`{}`)}

// transactions answers as an empty database does, but for what refuse answers, and
// tells which commands of transactions came.
func transactions(f *fake, refuse func(command string) bson.D) *[]string {
	var heard []string
	f.answer = func(command string, message bson.Raw) bson.D {
		if number, err := message.LookupErr("txnNumber"); err == nil {
			heard = append(heard, command+" "+number.String())
		}
		if answer := refuse(command); answer != nil {
			return answer
		}
		if command == "find" {
			return found()
		}
		return append(bson.D{{Key: "n", Value: 1}}, done...)
	}
	return &heard
}

// A transaction is made anew where another one was in its way, and its commit
// alone is sent again where nobody knows what became of it.
func TestStore_retries(t *testing.T) {
	conflict, unknown := failed(112, "TransientTransactionError"), failed(262, "UnknownTransactionCommitResult")
	for _, test := range []struct {
		name, command string
		answers       []bson.D
		want          string
	}{
		{"none", "insert", nil, "find 1, insert 1, commitTransaction 1"},
		{"conflict", "insert", []bson.D{conflict, conflict}, "find 1, insert 1, abortTransaction 1, find 2, insert 2, abortTransaction 2, find 3, insert 3, commitTransaction 3"},
		{"conflict at the commit", "commitTransaction", []bson.D{conflict}, "find 1, insert 1, commitTransaction 1, find 2, insert 2, commitTransaction 2"},
		{"commit of unknown result", "commitTransaction", []bson.D{unknown, unknown, unknown}, "find 1, insert 1, commitTransaction 1, commitTransaction 1, commitTransaction 1, commitTransaction 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := listen(t, false)
			answers := test.answers
			heard := transactions(f, func(command string) (answer bson.D) {
				if command == test.command && len(answers) > 0 {
					answer, answers = answers[0], answers[1:]
				}
				return answer
			})
			s := open(t, "mongodb://"+f.addr)
			want := doc
			want.Version = 1
			got, err := s.Create(t.Context(), doc, store.Key{})
			require.NoError(t, err)
			assert.Equal(t, want, got)
			f.mu.Lock()
			defer f.mu.Unlock()
			assert.Equal(t, test.want, numbersOnly(*heard))
		})
	}
}

// numbersOnly shows a transaction by its number.
func numbersOnly(heard []string) string {
	return strings.NewReplacer(`{"$numberLong":"`, "", `"}`, "").Replace(strings.Join(heard, ", "))
}

// A server that does not answer keeps nobody waiting who does not want to: neither
// in a transaction nor when it is to be committed.
func TestStore_hangs(t *testing.T) {
	for _, test := range []struct{ silent, want string }{
		{"find", "find 1, abortTransaction 1"},
		{"insert", "find 1, insert 1, abortTransaction 1"},
		{"commitTransaction", "find 1, insert 1, commitTransaction 1"},
	} {
		t.Run(test.silent, func(t *testing.T) {
			f := listen(t, false)
			heard := transactions(f, func(command string) bson.D {
				if command == test.silent {
					return silence
				}
				return nil
			})
			s := open(t, "mongodb://"+f.addr)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			result := make(chan error, 1)
			go func() {
				_, err := s.Create(ctx, doc, store.Key{})
				result <- err
			}()
			select {
			case err := <-result:
				assert.ErrorIs(t, err, context.DeadlineExceeded)
			case <-time.After(20 * time.Second):
				require.Fail(t, "still waiting")
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			assert.Equal(t, test.want, numbersOnly(*heard))
		})
	}
}

// Writes wait for the journals of a majority; reads are of what a majority has, and
// in a transaction of one instant; whatever the connection string says.
func TestStore_concerns(t *testing.T) {
	f := listen(t, false)
	got := map[string]bson.M{}
	f.answer = func(command string, message bson.Raw) bson.D {
		for _, field := range []string{"readConcern", "writeConcern", "$readPreference"} {
			if value, ok := message.Lookup(field).DocumentOK(); ok {
				var decoded bson.M
				assert.NoError(t, bson.Unmarshal(value, &decoded))
				got[command+" "+field] = decoded
			}
		}
		if command != "find" {
			return append(bson.D{{Key: "n", Value: 1}}, done...)
		}
		if id, ok := message.Lookup("filter", "_id").StringValueOK(); ok && id == doc.ID {
			return found(bson.M{"_id": doc.ID, "kind": doc.Kind, "version": int64(1)})
		}
		return found()
	}
	s := open(t, "mongodb://"+f.addr+"/?w=0&journal=false&readConcernLevel=local&readPreference=nearest")
	majority := bson.M{"w": "majority", "j": true}
	old := doc
	old.Version = 1
	for _, test := range []struct {
		name string
		do   func() error
		want map[string]bson.M
	}{
		{"an update", func() error {
			_, err := s.Update(t.Context(), old)
			return err
		}, map[string]bson.M{"find readConcern": {"level": "majority"}, "update writeConcern": majority}},
		{"a transaction", func() error {
			return s.Delete(t.Context(), doc.Kind, doc.ID, 1)
		}, map[string]bson.M{"find readConcern": {"level": "snapshot"}, "commitTransaction writeConcern": majority}},
	} {
		f.mu.Lock()
		got = map[string]bson.M{}
		f.mu.Unlock()
		require.NoError(t, test.do(), test.name)
		f.mu.Lock()
		assert.Equal(t, test.want, got, test.name)
		f.mu.Unlock()
	}
}
