// Package panicsbefore is a bad case for the tests of package ledger.
package panicsbefore

import "gonotes/internal/claim"

// Even: every number is even. (§1)
//
// Wrong: one in two is.
//
// Source: Euclid, book VII
const Even claim.ID = "numbers/even"
