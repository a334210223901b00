// Package broker is the bus where there is no Kafka: it speaks Kafka's protocol, with
// groups, transactions and compaction, and keeps its records in a folder.
package broker

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"
	"github.com/twmb/franz-go/pkg/kfake"
)

// Broker is one that is embedded in a process. One machine needs no more: what it
// acknowledged survives kill -9. A record that was on its way at the kill may then be
// there twice, since the client, which got no answer, sends it again; and records of an
// aborted transaction may then be read as if it had been committed.
type Broker struct {
	cluster *kfake.Cluster
	lock    *flock.Flock
}

// Open starts a broker that keeps its records in the folder dir, which is made
// if there is none, and listens on addr; port 0 takes a free one. Only one broker
// can have a folder open. A topic keeps its records as long as its settings do not
// say otherwise; what they let go, goes when the broker is opened, and compacted topics
// are compacted then.
//
// Without sync, records that were acknowledged are the operating system's to write:
// a kill -9 loses none, a power cut may lose those of the last seconds. With sync,
// each batch is flushed before it is acknowledged, and a power cut loses none
// either.
func Open(dir, addr string, sync bool) (*Broker, error) {
	broker, err := open(dir, addr, sync)
	if err != nil {
		return nil, fmt.Errorf("broker in %q at %s: %w", dir, addr, err)
	}
	return broker, nil
}

func open(dir, addr string, sync bool) (*Broker, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if ok, err := lock.TryLock(); err != nil {
		return nil, err
	} else if !ok {
		return nil, fmt.Errorf("another broker has the folder open")
	}
	cluster, err := serve(folder(dir), addr, sync)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return &Broker{cluster: cluster, lock: lock}, nil
}

func serve(f folder, addr string, sync bool) (*kfake.Cluster, error) {
	if err := f.mend(); err != nil {
		return nil, fmt.Errorf("mend what a kill left: %w", err)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	door := door{l, make(chan struct{})}
	defer close(door.open)
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return door, nil }),
		kfake.ClusterID("gonotes"),
		kfake.DataDir(f.data()),
		kfake.BrokerConfigs(map[string]string{
			// Without this, kfake would drop the records of a week ago, even of compacted topics.
			"log.retention.ms": "-1",
			// It would compact while it serves, and a kill meanwhile lose all of a topic.
			"log.cleaner.backoff.ms": strconv.FormatInt(never.Milliseconds(), 10),
		}),
	}
	if sync {
		opts = append(opts, kfake.SyncWrites())
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		l.Close()
		return nil, err
	}
	if err := f.compact(cluster); err != nil {
		cluster.Close()
		return nil, err
	}
	return cluster, nil
}

const never = 100 * 365 * 24 * time.Hour

// door is a listener that lets nobody in before it is open.
type door struct {
	net.Listener
	open chan struct{}
}

func (d door) Accept() (net.Conn, error) {
	<-d.open
	return d.Listener.Accept()
}

// Addrs returns where it listens.
func (b *Broker) Addrs() []string { return b.cluster.ListenAddrs() }

// Close stops the broker, and writes what a clean start reads faster.
func (b *Broker) Close() error {
	b.cluster.Close()
	return b.lock.Close()
}
