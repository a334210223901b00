package runes_test

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// stays checks that a string made from a slice does not change with the slice.
func stays(toString func(b []byte) string) error {
	b := []byte("immutable")
	s := toString(b)
	b[0] = 'I'
	if s != "immutable" {
		return fmt.Errorf("the string has become %q", s)
	}
	return nil
}

// A converted string is a copy and stays as it is; one made by unsafe.String shares the bytes and changes with them.
func TestStringBytes_unsafe(t *testing.T) {
	proof := claim.Prove(t, runes.StringBytes, stays)
	proof.Holds("string(b)", func(b []byte) string { return string(b) })
	proof.Holds("strings.Builder", func(b []byte) string {
		var built strings.Builder
		built.Write(b)
		return built.String()
	})
	proof.Control("unsafe.String", func(b []byte) string { return unsafe.String(&b[0], len(b)) }, `the string has become "Immutable"`)
}

// unsafe.String saves the copy and gives up the promise: a changed key is never found again.
func Example_stringBytes_unsafe() {
	b := []byte("key")
	copied := string(b)
	shared := unsafe.String(&b[0], len(b)) // right only if b never changes again
	found := map[string]bool{shared: true}

	b[0] = 'K'
	fmt.Println("the copy:", copied)
	fmt.Println("the shared string:", shared)
	fmt.Println("keys in the map:", len(found))
	fmt.Println("found as key:", found["key"])
	// Output:
	// the copy: key
	// the shared string: Key
	// keys in the map: 1
	// found as key: false
}
