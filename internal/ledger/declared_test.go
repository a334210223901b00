package ledger

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const claimsSource = `package numbers

// Even: every number is even. (§1)
//
// Wrong: one in two is.
//
// Source: Euclid, book VII
const Even claim.ID = "numbers/even"

// Prime: no number is prime. (§1)
//
// Wrong: two is.
//
// Source: Euclid, book VII
const Prime claim.ID = "numbers/prime"
`

const testSource = `package numbers

func TestMain(m *testing.M) { m.Run() }

func TestEven(t *testing.T) { claim.Prove(t, Even, isEven) }

func FuzzPrime(f *testing.F) { claim.Prove[int](f, Prime, isPrime) }

func TestEven_negative(t *testing.T) {}

func BenchmarkEven_big(b *testing.B) {}

func Example_even() {
	fmt.Println("yes")
	// Output: yes
}

// Halve has an example.
//
//claim:numbers/even
func ExampleHalve() {
	if Halve(2) == 1 {
		fmt.Println(1)
	}
	// Output:
	// 1
}

func helper() {}

func Testify() {}
`

func module(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{"go.mod": {Data: []byte("module m\n")}}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func functionNames(funcs []Func) []string {
	var names []string
	for _, f := range funcs {
		names = append(names, f.Name)
	}
	return names
}

// Names and //claim: lines link tests, fuzz targets, examples and benchmarks.
func TestDeclared_links(t *testing.T) {
	claims, mistakes := Declared(module(map[string]string{
		"numbers/claims.go":       claimsSource,
		"numbers/numbers_test.go": testSource,
		"numbers/sub/sub_test.go": "package sub\n\n//claim:numbers/prime\nfunc TestSieve(t *testing.T) { claim.Prove(t, numbers.Prime, isPrime) }\n\nfunc TestFree(t *testing.T) {}\n",
		// None of these is read.
		"numbers/testdata/bad.go":         "package",
		"numbers/.hidden/bad.go":          "package",
		"report/bad.go":                   "package",
		"numbers/elsewhere_plan9.go":      "package",
		"numbers/elsewhere_plan9_test.go": "package",
	}))
	require.Empty(t, mistakes)
	require.Len(t, claims, 2)
	even, prime := claims[0], claims[1]
	assert.Equal(t, "m/numbers", even.Package)
	assert.Equal(t, "numbers/claims.go", even.File)
	assert.Equal(t, []string{"TestEven", "TestEven_negative"}, functionNames(even.Tests))
	assert.Equal(t, []string{"Example_even", "ExampleHalve"}, functionNames(even.Examples))
	assert.Equal(t, []string{"BenchmarkEven_big"}, functionNames(even.Benchmarks))
	assert.Equal(t, []string{"FuzzPrime", "TestSieve"}, functionNames(prime.Tests))
	assert.Equal(t, []string{"m/numbers", "m/numbers/sub"}, Packages(claims))

	assert.True(t, even.Tests[0].Proves)
	assert.False(t, even.Tests[1].Proves)
	assert.True(t, prime.Tests[0].Proves, "claim.Prove[int]")
	assert.Equal(t, "if Halve(2) == 1 {\n\tfmt.Println(1)\n}", even.Examples[1].Source)
	assert.Equal(t, "1\n", even.Examples[1].Output)
}

// Every fault of declaration, link or proof is a mistake with its place.
func TestDeclared_mistakes(t *testing.T) {
	for _, test := range []struct {
		name, file, old, new, want string
	}{
		{"claim without proof", "numbers/numbers_test.go", "claim.Prove(t, Even, isEven)", "", "numbers/claims.go:8: claim numbers/even has no proof; write TestEven"},
		{"claim declared twice", "numbers/again/claims.go", "", claimsSource, "declared twice, first in numbers/again/claims.go:8"},
		{"declared outside claims.go", "numbers/other.go", "", strings.NewReplacer("Even", "Odd", "even", "odd", "Prime", "Third", "prime", "third").Replace(claimsSource), "numbers/other.go:8: claim numbers/odd is declared outside claims.go"},
		{"badly declared", "numbers/claims.go", "// Wrong: two is.", "// Two is.", "numbers/claims.go:15: claim Prime: no paragraph starts with a verdict"},
		{"name links to nothing", "numbers/numbers_test.go", "TestEven_negative", "TestNegative", "numbers/numbers_test.go:9: the name TestNegative links to no claim of its package"},
		{"benchmark links to nothing", "numbers/numbers_test.go", "BenchmarkEven_big", "BenchmarkBig", "the name BenchmarkBig links to no claim"},
		{"example of a function without a link", "numbers/numbers_test.go", "//claim:numbers/even\n", "", "the name ExampleHalve links to no claim"},
		{"link to an id nobody declares", "numbers/numbers_test.go", "//claim:numbers/even", "//claim:numbers/evan", "ExampleHalve links to numbers/evan, which nobody declares"},
		{"link that is not last", "numbers/numbers_test.go", "//claim:numbers/even", "//claim:numbers/even\n//\n// More.", "the //claim: line of ExampleHalve is not the last"},
		{"name and link differ", "numbers/numbers_test.go", "func TestEven_negative", "//claim:numbers/prime\nfunc TestEven_negative", "the name TestEven_negative links to numbers/even, its //claim: line to numbers/prime"},
		{"proof of another claim", "numbers/numbers_test.go", "(t *testing.T) {}", "(t *testing.T) { claim.Prove(t, Prime, isPrime) }", "TestEven_negative is linked to numbers/even and proves numbers/prime"},
		{"proof of an undeclared claim", "numbers/numbers_test.go", "(t *testing.T) {}", "(t *testing.T) { claim.Prove(t, \"numbers/odd\", isOdd) }", "TestEven_negative proves numbers/odd, which nobody declares"},
		{"proof without a link", "numbers/sub/sub_test.go", "", "package sub\n\nfunc TestSieve(t *testing.T) { claim.Prove(t, numbers.Prime, isPrime) }\n", "TestSieve calls claim.Prove, but nothing links it"},
		{"example without output", "numbers/numbers_test.go", "// Output: yes", "", "Example_even has no // Output: comment, so it never runs"},
		{"example without output, elsewhere", "numbers/sub/sub_test.go", "", "package sub\n\nfunc Example() {\n\tfmt.Println(1)\n}\n", "numbers/sub/sub_test.go:3: Example has no // Output: comment"},
		{"does not parse", "numbers/sub/sub.go", "", "package", "numbers/sub/sub.go: does not parse"},
		{"no module", "go.mod", "", "go 1.26\n", "go.mod: names no module"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"numbers/claims.go": claimsSource, "numbers/numbers_test.go": testSource}
			files[test.file] = strings.Replace(files[test.file], test.old, test.new, 1)
			_, mistakes := Declared(module(files))
			require.NotEmpty(t, mistakes)
			var all []string
			for _, mistake := range mistakes {
				all = append(all, mistake.Error())
			}
			assert.Contains(t, strings.Join(all, "\n"), test.want)
		})
	}
}

// What a refused declaration or file may have held is not missed as well.
func TestDeclared_oneMistakeAtATime(t *testing.T) {
	for _, test := range []struct{ file, old, new string }{
		{"numbers/claims.go", "// Wrong: two is.", "// Two is."},
		{"numbers/numbers_test.go", "func helper() {}", "func helper( {}"},
	} {
		files := map[string]string{"numbers/claims.go": claimsSource, "numbers/numbers_test.go": testSource}
		files[test.file] = strings.Replace(files[test.file], test.old, test.new, 1)
		_, mistakes := Declared(module(files))
		require.Len(t, mistakes, 1, "%v", mistakes)
		assert.Equal(t, test.file, mistakes[0].File)
	}
}

// Without go.mod there is no module, and the mistake says where to run.
func TestDeclared_noModule(t *testing.T) {
	_, mistakes := Declared(fstest.MapFS{})
	require.Len(t, mistakes, 1)
	assert.Contains(t, mistakes[0].Error(), "run from the module's root")
}
