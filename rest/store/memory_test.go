package store_test

import (
	"testing"

	"gonotes/rest/store"
	"gonotes/rest/store/storetest"
)

func TestMemory_contract(t *testing.T) {
	storetest.Contract(t, func(*testing.T) store.Store { return store.NewMemory() })
}
