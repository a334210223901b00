package mongodb_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// fake is a server that speaks MongoDB's protocol and has no database: a test says
// what it answers.
//
// Source: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
type fake struct {
	addr   string
	answer func(command string, message bson.Raw) bson.D // one call at a time; hello is not asked

	mu sync.Mutex
}

// Answers to a command.
var (
	done    = bson.D{{Key: "ok", Value: 1}}
	silence = bson.D{} // none at all
)

// failed is the answer that the command failed, and what may be done about it.
func failed(code int, label string) bson.D {
	return bson.D{{Key: "ok", Value: 0}, {Key: "code", Value: code}, {Key: "errmsg", Value: "refused"}, {Key: "errorLabels", Value: bson.A{label}}}
}

// found is the answer to find.
func found(docs ...any) bson.D {
	return bson.D{{Key: "ok", Value: 1}, {Key: "cursor", Value: bson.D{
		{Key: "id", Value: int64(0)}, {Key: "ns", Value: "db.collection"}, {Key: "firstBatch", Value: append(bson.A{}, docs...)},
	}}}
}

// Codes of messages.
const (
	opReply = 1
	opQuery = 2004 // of a driver that does not know the server yet
	opMsg   = 2013
)

// listen starts a fake, which is a replica set or a standalone server.
func listen(t *testing.T, standalone bool) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &fake{addr: l.Addr().String()}
	hello := bson.D{
		{Key: "ok", Value: 1}, {Key: "helloOk", Value: true}, {Key: "isWritablePrimary", Value: true}, {Key: "maxWireVersion", Value: 21},
		{Key: "maxBsonObjectSize", Value: 1 << 24}, {Key: "maxMessageSizeBytes", Value: 48_000_000}, {Key: "maxWriteBatchSize", Value: 100_000},
		{Key: "logicalSessionTimeoutMinutes", Value: 30},
	}
	if !standalone {
		hello = append(hello, bson.E{Key: "setName", Value: "rs"}, bson.E{Key: "hosts", Value: bson.A{f.addr}}, bson.E{Key: "me", Value: f.addr})
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				assert.ErrorIs(t, f.serve(conn, hello), io.EOF)
			})
		}
	})
	t.Cleanup(func() {
		assert.NoError(t, l.Close())
		serving.Wait() // the driver closed its connections
	})
	return f
}

func (f *fake) serve(conn net.Conn, hello bson.D) error {
	for {
		var header struct{ Length, ID, To, Code int32 }
		if err := binary.Read(conn, binary.LittleEndian, &header); err != nil {
			return errors.Join(io.EOF, err) // a connection in use is reset
		}
		body := make([]byte, header.Length-16)
		if _, err := io.ReadFull(conn, body); err != nil {
			return err
		}
		var reply []byte
		switch header.Code {
		case opQuery:
			header.Code = opReply
			reply = append(make([]byte, 16), 1, 0, 0, 0) // flags, cursor, from, number of documents
			reply = append(reply, encode(hello)...)
		case opMsg:
			message := bson.Raw(body[5:])
			message = message[:binary.LittleEndian.Uint32(message)] // what it inserts may follow
			elements, err := message.Elements()
			if err != nil {
				return err
			}
			answer := hello
			if command := elements[0].Key(); command != "hello" {
				f.mu.Lock()
				answer = f.answer(command, message)
				f.mu.Unlock()
			}
			if len(answer) == 0 {
				continue
			}
			reply = append(make([]byte, 5), encode(answer)...)
		}
		header.To, header.Length = header.ID, int32(16+len(reply))
		if err := binary.Write(conn, binary.LittleEndian, header); err != nil {
			return err
		}
		if _, err := conn.Write(reply); err != nil {
			return err
		}
	}
}

func encode(d bson.D) []byte {
	raw, err := bson.Marshal(d)
	if err != nil {
		panic(err) // made by this file's users
	}
	return raw
}
