package tools

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

//go:embed cases.json
var table []byte

// A Case is one request and what must come back. Texts in {{double braces}} are
// what an earlier case saved under this name.
type Case struct {
	ID     string            `json:"id"`
	Says   string            `json:"says"`
	Method string            `json:"method"`
	Path   string            `json:"path"`
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
	Want   Want              `json:"want"`
	// Save is by name what to keep of the response: header: and the name of a
	// field, or json: and a pointer into the content.
	Save map[string]string `json:"save,omitempty"`
}

// Want is what must come back.
type Want struct {
	Status   int               `json:"status"`
	Header   map[string]string `json:"header,omitempty"`   // regular expressions
	JSON     map[string]any    `json:"json,omitempty"`     // by pointer (RFC 6901); null: there is none
	Contains string            `json:"contains,omitempty"` // a text in the content
	Empty    bool              `json:"empty,omitempty"`    // there is no content
}

// Cases are those of the table, in the order in which they are asked of a server
// that has nothing yet.
var Cases = sync.OnceValue(func() []Case {
	var cases []Case
	if err := json.Unmarshal(table, &cases); err != nil {
		panic(fmt.Sprintf("tools: cases.json: %v", err)) // it is part of the program
	}
	return cases
})
