package collector

import "github.com/go-json-experiment/json"

// SecretIn is secretIn, for tests in several processes.
var SecretIn = secretIn

// Free returns how many bytes of MaxUnderWay nobody has.
func (c *Collector) Free() int64 { return c.free.Load() }

// Decoded returns an event as it is read without the JSON decoder, if it is, and as the
// decoder reads it.
func Decoded(item []byte) (plain, slow any, isPlain bool, err error) {
	var p, s submission
	isPlain = p.plain(string(item))
	err = json.Unmarshal(item, &s, strict)
	return p, s, isPlain, err
}
