package bench

import (
	"cmp"
	"image/color"
	"math"
	"path"
	"regexp"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"gonotes/internal/probe"
)

// figures are the plots that the results have numbers for.
func (r Results) figures() []figure {
	var figures []figure
	for _, f := range []func() (figure, bool){r.memoryFigure, r.startFigure, r.tripFigure, r.memoryKindsFigure, r.syncFigure, r.workersFigure} {
		if f, ok := f(); ok {
			figures = append(figures, f)
		}
	}
	return figures
}

const overTasksAxis = "tasks waiting at once (log scale)"

const spreadWords = "Marks are medians, whiskers reach from the least to the most of the rounds."

// markOf is how a kind is drawn: with a stack a dot, without a ring.
func markOf(kind probe.Kind, s Spread) mark {
	t := traits[kind]
	m := mark{Spread: s, label: string(kind), colour: t.colour}
	if t.stackless {
		m.shape = ring
	}
	return m
}

// stackKeys is the legend that tells stackful from stackless, if there are both.
func (r Results) stackKeys() []mark {
	var with, without bool
	for _, line := range r.Lines {
		for _, kind := range probe.Kinds {
			if part(line.Name, "kind") == slug(kind) {
				with, without = with || !traits[kind].stackless, without || traits[kind].stackless
			}
		}
	}
	if !with || !without {
		return nil
	}
	return []mark{
		{label: "each task has a stack", colour: gray},
		{label: "stackless: a waiting task keeps only the state it awaits on", colour: gray, shape: ring},
	}
}

// overTasks is a figure of one unit over the number of tasks.
func (r Results) overTasks(unit string, label func(float64) string) (*plot.Plot, bool) {
	var lines curves
	var all []float64
	var sizes []int
	for _, kind := range r.kinds() {
		s := series{label: string(kind)}
		for _, size := range r.sizes() {
			// What is not more than 0 has no place on a logarithmic axis.
			if v := r.of(point{kind: kind, tasks: size}, unit); v.Rounds > 0 && v.Min > 0 {
				s.tasks, s.marks = append(s.tasks, float64(size)), append(s.marks, markOf(kind, v))
				all = append(all, v.Min, v.Max)
				sizes = append(sizes, size)
			}
		}
		if len(s.tasks) > 0 {
			lines = append(lines, s)
		}
	}
	if len(lines) == 0 {
		return nil, false
	}
	for i := range lines {
		lines[i].aside = vg.Points(2.2) * (vg.Length(i) - vg.Length(len(lines)-1)/2)
	}
	p := newPlot()
	logAxis(&p.Y, slices.Min(all), slices.Max(all), label)
	slices.Sort(sizes)
	sizes = slices.Compact(sizes)
	p.X.Scale = plot.LogScale{}
	p.X.Min, p.X.Max = float64(sizes[0])/1.5, float64(sizes[len(sizes)-1])*1.5
	if lines.early() { // their names take a third of the width
		p.X.Min = float64(sizes[0]) / math.Pow(p.X.Max/float64(sizes[0]), 0.56)
	}
	var ticks plot.ConstantTicks
	for _, size := range sizes {
		ticks = append(ticks, plot.Tick{Value: float64(size), Label: thousands(float64(size))})
	}
	p.X.Tick.Marker = ticks
	p.Add(lines)
	return p, true
}

func (r Results) memoryFigure() (figure, bool) {
	p, ok := r.overTasks(unitUsed, bytesOf)
	return figure{
		name:  "memory",
		title: "Memory of one waiting task",
		below: []string{"Bytes in memory for each task: resident, page tables and the kernel stack of a thread; log scale.",
			"What a runtime takes for all of them, such as its heap, weighs more among few tasks."},
		legend: r.stackKeys(), plot: p, axis: overTasksAxis, right: 1.65 * vg.Inch, height: 5.6 * vg.Inch,
		foot: r.foot(r.ends()...),
	}, ok
}

func (r Results) startFigure() (figure, bool) {
	p, ok := r.overTasks(unitStart, timeOf)
	return figure{
		name:   "start",
		title:  "Time to start one task",
		below:  []string{"From the first start until all are waiting, divided by the number of tasks; log scale."},
		legend: r.stackKeys(), plot: p, axis: overTasksAxis, right: 1.65 * vg.Inch, height: 5.6 * vg.Inch,
		foot: r.foot(r.ends()...),
	}, ok
}

// ends says at which numbers of tasks kinds end that were measured at all.
func (r Results) ends() []string {
	var ends []string
	for _, sentence := range (Results{Skips: slices.DeleteFunc(slices.Clone(r.Skips), func(s Skip) bool {
		return !strings.HasPrefix(s.Name, parkName) || s.Why() == missing
	})}).Absent() {
		ends = append(ends, strings.ToUpper(sentence[:1])+sentence[1:]+".")
	}
	return ends
}

// foot is what stands under a figure: words, spread, and machine and date.
func (r Results) foot(words ...string) []string {
	return append(words, spreadWords, r.Caption()+".")
}

// inRows is a plot of rows on a logarithmic axis.
func inRows(rs rows, label func(float64) string) (*plot.Plot, bool) {
	var all []float64
	for _, row := range rs.rows {
		for _, m := range row.marks {
			if m.Rounds > 0 {
				all = append(all, m.Min, m.Max)
			}
		}
	}
	if len(all) == 0 {
		return nil, false
	}
	p := newPlot()
	logAxis(&p.X, slices.Min(all), slices.Max(all), label)
	p.HideY()
	p.Y.Min, p.Y.Max = 0, float64(len(rs.rows))
	p.Add(rs)
	return p, true
}

// rowsHeight is the height of a figure of n rows with a foot of so many lines.
func rowsHeight(n int, each vg.Length, foot int) vg.Length {
	return vg.Length(n)*each + vg.Length(foot)*vg.Points(12) + 1.75*vg.Inch
}

func (r Results) tripFigure() (figure, bool) {
	rs := rows{figure: timeOf}
	for _, kind := range r.kinds() {
		for _, cpus := range []string{onOneCPU, onAnyCPU} {
			s := r.of(point{kind: kind, cpus: cpus}, unitTime)
			if s.Rounds == 0 || s.Min <= 0 {
				continue
			}
			under := traits[kind].wakes
			if traits[kind].pins {
				under += map[string]string{onOneCPU: ", on one CPU", onAnyCPU: ", on any CPU"}[cpus]
			}
			rs.rows = append(rs.rows, row{string(kind), under, []mark{markOf(kind, s)}})
		}
	}
	p, ok := inRows(rs, timeOf)
	return figure{
		name:   "roundtrip",
		title:  "Round trip of two tasks that wake each other",
		below:  []string{"One wakes the other and waits until it is woken in turn; what they do it with stands under each name."},
		legend: r.stackKeys(), plot: p, axis: "time for a round trip, there and back (log scale)", left: 2.5 * vg.Inch, right: 0.7 * vg.Inch, height: rowsHeight(len(rs.rows), vg.Points(31), 2),
		foot: r.foot(),
	}, ok
}

// memoryKinds are the kinds of memory, in the order of their marks.
var memoryKinds = []struct {
	unit, name string
	colour     color.Color
	shape      shape
}{
	{unitReserved, "reserved addresses (memory only once touched)", gray, ring},
	{unitResident, "resident", blue, dot},
	{unitKernel, "kernel stack", vermilion, square},
	{unitPageTables, "page tables", green, triangle},
}

func (r Results) memoryKindsFigure() (figure, bool) {
	var rs rows
	var legend []mark
	for _, m := range memoryKinds {
		legend = append(legend, mark{label: m.name, colour: m.colour, shape: m.shape})
	}
	for _, kind := range r.kinds() {
		p, ok := r.nearest(kind, 10_000)
		if !ok {
			continue
		}
		row := row{name: named(kind), under: thousands(float64(p.tasks)) + " of them"}
		for _, m := range memoryKinds {
			s := r.of(p, m.unit)
			if s.Min < 1 {
				s = Spread{} // which keeps the places of the others
			}
			row.marks = append(row.marks, mark{s, "", m.colour, m.shape})
		}
		rs.rows = append(rs.rows, row)
	}
	p, ok := inRows(rs, bytesOf)
	return figure{
		name:   "memorykinds",
		title:  "Memory of one waiting task, by kind of memory",
		below:  []string{"What is less than a byte for each task is not drawn. Only a thread has a stack in the kernel."},
		legend: legend, plot: p, axis: "bytes for each task (log scale)", left: 2.1 * vg.Inch, right: 0.3 * vg.Inch, height: rowsHeight(len(rs.rows), vg.Points(38), 2),
		foot: r.foot(),
	}, ok
}

// nearest is the largest point of a kind that was measured with no more tasks
// than this, or else its smallest.
func (r Results) nearest(kind probe.Kind, tasks int) (point, bool) {
	var found point
	for _, size := range r.sizes() {
		p := point{kind: kind, tasks: size}
		if r.of(p, unitUsed).Rounds > 0 && (found.tasks == 0 || size <= tasks) {
			found = p
		}
	}
	return found, found.tasks > 0
}

// operationNames say what one operation is of those benchmarks of goroutines
// that are drawn.
var operationNames = map[string]string{
	"Channels_buffered":      "send a value, by size of the buffer",
	"Channels_share":         "add one to a shared counter",
	"Channels_table":         "look up or change a shared table",
	"SelectFair":             "send, and receive by select",
	"Multiplexed_workerPool": "do a thousand tasks of some rounds each",
}

// syncFigure shows what it costs to hand over and to share.
func (r Results) syncFigure() (figure, bool) {
	f, ok := r.operationsFigure("Channels_buffered", "Channels_share", "Channels_table", "SelectFair")
	f.name, f.title = "sync", "What synchronisation costs in Go"
	return f, ok
}

// workersFigure shows what it costs to let others work.
func (r Results) workersFigure() (figure, bool) {
	f, ok := r.operationsFigure("Multiplexed_workerPool")
	f.name, f.title = "workers", "Who does the work in Go"
	return f, ok
}

// operationsFigure shows benchmarks of goroutines.
func (r Results) operationsFigure(bases ...string) (figure, bool) {
	rs := rows{figure: timeOf}
	for _, base := range bases {
		title := []row{{name: operationNames[base]}}
		for _, o := range r.operations() {
			name := procs.ReplaceAllString(strings.TrimPrefix(o.name, "Benchmark"), "")
			first, rest, _ := strings.Cut(name, "/")
			if path.Base(o.pkg) != "goroutines" || first != base || o.Min <= 0 {
				continue
			}
			rs.rows = append(append(rs.rows, title...), row{inWords(rest), "", []mark{{Spread: o.Spread, colour: blue}}})
			title = nil
		}
	}
	p, ok := inRows(rs, timeOf)
	return figure{
		below: []string{"What one operation is stands in bold, the ways to do it under that."},
		plot:  p, axis: "time of one operation (log scale)", left: 2.8 * vg.Inch, right: 0.7 * vg.Inch, height: rowsHeight(len(rs.rows), vg.Points(19), 2),
		foot: r.foot(),
	}, ok
}

// procs is GOMAXPROCS at the end of a benchmark's name.
var procs = regexp.MustCompile(`-\d+$`)

// implWords say what is compared where a benchmark's name cannot.
var implWords = map[string]string{
	"inorder":  "one after another",
	"pool":     "pool of workers",
	"pertask":  "a goroutine each",
	"setlimit": "errgroup.SetLimit",
	"rwmutex":  "sync.RWMutex",
	"mutex":    "sync.Mutex",
	"syncmap":  "sync.Map",
	"reflect":  "reflect.Select",
}

// inWords writes the keys of a benchmark's name for people: what is compared,
// then the rest: "channel, goroutines 2".
func inWords(keys string) string {
	var words []string
	for field := range strings.SplitSeq(keys, "/") {
		key, value, found := strings.Cut(field, "=")
		switch {
		case key == "impl":
			words = slices.Insert(words, 0, cmp.Or(implWords[value], value))
		case found:
			words = append(words, key+" "+value)
		case key != "":
			words = append(words, key)
		}
	}
	return strings.Join(words, ", ")
}
