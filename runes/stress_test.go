package runes_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/internal/claim"
	"gonotes/runes"
)

// stressCase is one numbered case of Markus Kuhn's stress test.
type stressCase struct {
	section  string
	text     string
	valid    bool
	replaced int // bytes that belong to no character
}

// stressCases reads testdata/utf8-stress.txt.
func stressCases(t *testing.T) (cases []stressCase) {
	t.Helper()
	data, err := os.ReadFile("testdata/utf8-stress.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		require.Len(t, fields, 4, "fields of %q", line)
		text, err := hex.DecodeString(strings.ReplaceAll(fields[1], " ", ""))
		require.NoError(t, err, "bytes of %q", line)
		replaced, err := strconv.Atoi(fields[3])
		require.NoError(t, err, "count of %q", line)
		cases = append(cases, stressCase{fields[0], string(text), fields[2] == "valid", replaced})
	}
	require.Len(t, cases, 80, "cases of testdata/utf8-stress.txt")
	return cases
}

// readStress asks a walk for one U+FFFD for each bad byte of each case, and for
// the rest of the text as it is.
func readStress(cases []stressCase, w walk) outcome {
	o := outcome{unit: "cases of 80"}
	for _, test := range cases {
		replaced, good := 0, 0
		for at, r := range w(test.text) {
			if encoded := string(r); strings.HasPrefix(test.text[at:], encoded) {
				good += len(encoded)
			} else if r == utf8.RuneError {
				replaced++
			}
		}
		err := error(nil)
		switch {
		case replaced != test.replaced:
			err = fmt.Errorf("case %s, % x: %d bytes are replaced, want %d", test.section, test.text, replaced, test.replaced)
		case good+replaced != len(test.text):
			err = fmt.Errorf("case %s, % x: only %d of %d bytes are read", test.section, test.text, good+replaced, len(test.text))
		default:
			o.right++
		}
		if o.wrong == nil {
			o.wrong = err
		}
	}
	return o
}

// The 80 cases of a public stress test for UTF-8 decoders come out as the specification of range says.
func TestRangeASCII_stress(t *testing.T) {
	cases := stressCases(t)
	for _, test := range cases {
		assert.Equal(t, test.valid, utf8.ValidString(test.text), "valid: case %s", test.section)
	}
	proof := claim.Prove(t, runes.RangeASCII, allRight)
	proof.Holds("range", readStress(cases, ranging))
	proof.Holds("Decode", readStress(cases, decoder(runes.Decode).walk))
	proof.Control("bytes taken for characters", readStress(cases, decoder(byteWise).walk), "case 1, ce ba e1 bd b9 cf 83 ce bc ce b5: only 0 of 11 bytes are read")
	proof.Control("surrogates accepted", readStress(cases, surrogates.walk), "case 5.1.1, ed a0 80: 0 bytes are replaced, want 3")
	proof.Control("over-long forms accepted", readStress(cases, overlong.walk), "case 4.1.1, c0 af: 0 bytes are replaced, want 2")
	proof.Control("numbers past the end accepted", readStress(cases, beyond.walk), "case 2.2.4, f7 bf bf bf: 0 bytes are replaced, want 4")
	proof.Control("one U+FFFD for a whole sequence", readStress(cases, decoder(oneForAll).walk), "case 2.1.5, f8 88 80 80 80: 1 bytes are replaced, want 5")
}
