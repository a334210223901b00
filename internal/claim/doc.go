// Package claim says what a claim is and what its proof must do.
//
// A claim is a documented constant of type [ID] in the file claims.go of its
// topic package. The doc comment is the claim: what the notes say, where, the
// verdict with its limit or correction, and the source. [ParseFile] reads it. Two
// more paragraphs, "Asked:" and "Answer:", are the interviewer's question and
// what to say to it in half a minute.
//
//	// ByteChar: a rune is Go's byte character. (§12)
//	//
//	// Wrong: a rune is a code point, an int32; a byte is a uint8.
//	//
//	// Source: https://go.dev/ref/spec#Numeric_types
//	const ByteChar claim.ID = "runes/byte-char"
//
// A proof takes its check once, and asks it of subjects, which must pass, and
// of controls, which lack the property and must be refused for the stated
// reason. So subject and control cannot be judged by different rules:
//
//	proof := claim.Prove(t, ByteChar, isByte)
//	proof.Holds("byte", reflect.TypeFor[byte]())
//	proof.Control("rune", reflect.TypeFor[rune](), "is an int32")
//
// A proof that has no subject or no control, or that is skipped in silence,
// fails by itself under plain go test. What happened is logged for people and,
// under go test -json, also recorded as a test attribute for package ledger.
package claim
