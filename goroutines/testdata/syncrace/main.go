// Syncrace hands a text from one goroutine to another by means of packages sync
// and sync/atomic, in the way that its argument names. Half of the ways are wrong.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

func main() {
	ways := map[string]func() string{
		"atomic":     atomicFlag,
		"mixed":      mixedFlag,
		"once":       once,
		"swapped":    swapped,
		"waitgroup":  waitGroup,
		"nowait":     noWait,
		"pool":       pool,
		"afterput":   afterPut,
		"syncmap":    syncMap,
		"afterstore": afterStore,
		"rwmutex":    rwMutex,
		"readlock":   readLock,
	}
	fmt.Println(ways[os.Args[1]]())
}

// atomicFlag: what was written before an atomic store may be read after an
// atomic load that sees it.
func atomicFlag() (text string) {
	var written atomic.Bool
	go func() {
		text = "written"
		written.Store(true)
	}()
	for !written.Load() {
		runtime.Gosched()
	}
	return text
}

// mixedFlag stores atomically and reads plainly.
func mixedFlag() (text string) {
	var written int32
	go func() {
		text = "written"
		atomic.StoreInt32(&written, 1)
	}()
	for written == 0 { // race: this load is not atomic
		runtime.Gosched()
	}
	return text
}

// once: the function returns before any call of Do does.
func once() (text string) {
	var made sync.Once
	return together(func() string {
		made.Do(func() { text = "written" })
		return text
	})
}

// swapped takes a flag for a Once: who comes second does not wait for the first.
func swapped() (text string) {
	var made atomic.Bool
	return together(func() string {
		if made.CompareAndSwap(false, true) {
			text = "written" // race: the other may read it
		}
		return text
	})
}

// waitGroup: what was done before Done may be read after Wait.
func waitGroup() (text string) {
	var group sync.WaitGroup
	group.Go(func() { text = "written" })
	group.Wait()
	return text
}

// noWait reads after Wait what nobody was counted for. The goroutine is held at
// its first step, as a scheduler may hold anyone.
func noWait() (text string) {
	var group sync.WaitGroup
	held, ended := make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		<-held
		group.Add(1) // wrong: Wait has returned
		defer group.Done()
		text = "written" // race
	}()
	group.Wait()
	close(held)
	read := text
	<-ended
	return read
}

// pool: what was written before Put may be read after the Get that returns it.
func pool() string {
	var texts sync.Pool
	put := make(chan bool)
	go func() {
		defer close(put)
		for range 100 { // the race detector makes Put drop some
			text := "written"
			texts.Put(&text)
		}
	}()
	<-put
	return *texts.Get().(*string)
}

// afterPut goes on writing what it has put back.
func afterPut() string {
	var texts sync.Pool
	kept := make(chan []*string)
	go func() {
		var mine []*string
		for range 100 {
			text := new(string)
			texts.Put(text)
			mine = append(mine, text)
		}
		kept <- mine
		for _, text := range mine {
			*text = "written" // race: it belongs to who gets it
		}
		kept <- nil
	}()
	<-kept
	text := *texts.Get().(*string)
	<-kept
	return text
}

// syncMap: what was written before Store may be read after the Load that finds it.
func syncMap() string {
	var texts sync.Map
	go func() {
		text := "written"
		texts.Store("key", &text)
	}()
	for {
		if text, ok := texts.Load("key"); ok {
			return *text.(*string)
		}
		runtime.Gosched()
	}
}

// afterStore goes on writing to what it has stored: the map is safe, and not what
// its values point to.
func afterStore() string {
	var texts sync.Map
	ended := make(chan bool)
	go func() {
		defer close(ended)
		text := new(string)
		texts.Store("key", text)
		*text = "written" // race
	}()
	for {
		if text, ok := texts.Load("key"); ok {
			read := *text.(*string)
			<-ended
			return read
		}
		runtime.Gosched()
	}
}

// rwMutex: who writes holds the lock alone.
func rwMutex() (text string) {
	var mu sync.RWMutex
	return together(func() string {
		mu.Lock()
		text = "written"
		mu.Unlock()
		mu.RLock()
		defer mu.RUnlock()
		return text
	})
}

// readLock writes under the lock that readers share.
func readLock() (text string) {
	var mu sync.RWMutex
	return together(func() string {
		mu.RLock()
		defer mu.RUnlock()
		text = "written" // race: two may hold this lock
		return text
	})
}

// together calls f in two goroutines.
func together(f func() string) (text string) {
	var group sync.WaitGroup
	group.Go(func() { text = f() })
	group.Go(func() { f() })
	group.Wait()
	return text
}
