package event

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// A Schema is the shape of a message: its members by name.
type Schema map[string]Member

// A Member of a message.
type Member struct {
	Type     string `json:"type"`     // of Go
	Required bool   `json:"required"` // it is there in every message
}

// SchemaOf returns the shape in which messages of the type of m are written. That is a
// struct whose fields all name their members.
func SchemaOf(m any) Schema {
	schema := Schema{}
	for _, field := range reflect.VisibleFields(reflect.TypeOf(m)) {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		schema[name] = Member{Type: field.Type.String(), Required: !strings.Contains(options, "omit")}
	}
	return schema
}

// Compatible reports every change from old to new for which a reader of one cannot
// read what a writer of the other wrote: a member that is gone or has another
// type, a required one that is new, one that is required on one side only. It
// returns nil if writers and readers may be exchanged in any order.
func Compatible(old, new Schema) error {
	var found []error
	for _, name := range slices.Sorted(maps.Keys(old)) {
		was := old[name]
		is, ok := new[name]
		switch {
		case !ok:
			found = append(found, fmt.Errorf("member %q is gone", name))
		case is.Type != was.Type:
			found = append(found, fmt.Errorf("member %q is of type %s, was %s", name, is.Type, was.Type))
		case is.Required && !was.Required:
			found = append(found, fmt.Errorf("member %q is required, was optional", name))
		case !is.Required && was.Required:
			found = append(found, fmt.Errorf("member %q is optional, was required", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(new)) {
		if _, ok := old[name]; !ok && new[name].Required {
			found = append(found, fmt.Errorf("member %q is new and required", name))
		}
	}
	return errors.Join(found...)
}
