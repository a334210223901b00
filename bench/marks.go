package bench

import (
	"cmp"
	"image/color"
	"math"
	"slices"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// mark is a dot with its spread.
type mark struct {
	Spread
	label  string
	colour color.Color
	shape  shape
}

// shape tells marks apart without colour.
type shape int

const (
	dot    shape = iota // a task with a stack
	ring                // a task without
	square              // kinds of memory
	triangle
)

const radius = vg.Length(3.4)

// glyph draws the mark at a place of the canvas.
func (m mark) glyph(c draw.Canvas, at vg.Point) {
	corners := func(points ...vg.Point) {
		var path vg.Path
		for i, p := range points {
			if i == 0 {
				path.Move(at.Add(p))
			} else {
				path.Line(at.Add(p))
			}
		}
		path.Close()
		c.Fill(path)
	}
	c.SetColor(m.colour)
	switch m.shape {
	case dot, ring:
		var path vg.Path
		path.Move(at.Add(vg.Point{X: radius}))
		path.Arc(at, radius, 0, 2*math.Pi)
		path.Close()
		if m.shape == dot {
			c.Fill(path)
			return
		}
		c.SetColor(color.White)
		c.Fill(path)
		c.SetLineStyle(draw.LineStyle{Color: m.colour, Width: vg.Points(1.6)})
		c.Stroke(path)
	case square:
		const r = radius * 0.9
		corners(vg.Point{X: -r, Y: -r}, vg.Point{X: r, Y: -r}, vg.Point{X: r, Y: r}, vg.Point{X: -r, Y: r})
	case triangle:
		const r = radius * 1.1
		corners(vg.Point{X: -r, Y: -r}, vg.Point{X: r, Y: -r}, vg.Point{Y: r})
	}
}

// whisker draws a line from the glyph to the least or the most, with a stop at
// the end, unless the glyph hides it.
func (m mark) whisker(c draw.Canvas, from, to vg.Point) {
	if along := to.Sub(from); math.Hypot(float64(along.X), float64(along.Y)) < float64(radius)*1.2 {
		return
	}
	line := draw.LineStyle{Color: m.colour, Width: vg.Points(1.1)}
	c.StrokeLine2(line, from.X, from.Y, to.X, to.Y)
	across := vg.Point{Y: radius * 0.8}
	if from.X == to.X {
		across = vg.Point{X: radius * 0.8}
	}
	a, b := to.Sub(across), to.Add(across)
	c.StrokeLine2(line, a.X, a.Y, b.X, b.Y)
}

// series is a line of marks over numbers of tasks.
type series struct {
	label string
	aside vg.Length // to the right of where it is, so that lines do not hide each other
	tasks []float64 // ascending
	marks []mark    // as many, in one colour and shape
}

// curves plots series, each with its name at its end.
type curves []series

// Plot implements plot.Plotter.
func (cs curves) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	at := func(s series, i int) vg.Point { return vg.Point{X: x(s.tasks[i]) + s.aside, Y: y(s.marks[i].Median)} }
	for _, s := range cs {
		for i := range len(s.tasks) - 1 {
			from, to := at(s, i), at(s, i+1)
			c.StrokeLine2(draw.LineStyle{Color: s.marks[i].colour, Width: vg.Points(1.3)}, from.X, from.Y, to.X, to.Y)
		}
	}
	for _, s := range cs {
		for i, m := range s.marks {
			point := at(s, i)
			m.whisker(c, point, vg.Point{X: point.X, Y: y(m.Min)})
			m.whisker(c, point, vg.Point{X: point.X, Y: y(m.Max)})
			m.glyph(c, point)
		}
	}
	// Names stand at the right ends of lines; those of lines that end early, at
	// their left ends, where nothing crosses them.
	most := cs.most()
	left, right := map[float64][]series{}, map[float64][]series{}
	for _, s := range cs {
		if first, last := s.tasks[0], s.tasks[len(s.tasks)-1]; last < most {
			left[first] = append(left[first], s)
		} else {
			right[last] = append(right[last], s)
		}
	}
	label := func(all []series, end func(series) int, beside vg.Length) {
		slices.SortFunc(all, func(a, b series) int { return cmp.Compare(at(a, end(a)).Y, at(b, end(b)).Y) })
		var wanted []vg.Length
		for _, s := range all {
			wanted = append(wanted, at(s, end(s)).Y)
		}
		for i, place := range apart(wanted, vg.Points(12.5)) {
			s := all[i]
			ink := s.marks[0].colour
			from, side := at(s, end(s)), beside/vg.Length(math.Abs(float64(beside)))
			name := style(10, ink, font.WeightBold)
			if beside < 0 {
				name.XAlign = text.XRight
			}
			to := vg.Point{X: x(s.tasks[end(s)]) + beside, Y: place}
			c.StrokeLine2(draw.LineStyle{Color: ink, Width: vg.Points(0.5)}, from.X+side*vg.Points(6), from.Y, to.X-side*vg.Points(3), place)
			write(c, name, to, s.label)
		}
	}
	for _, all := range left {
		label(all, func(series) int { return 0 }, -vg.Points(30))
	}
	for _, all := range right {
		label(all, func(s series) int { return len(s.tasks) - 1 }, vg.Points(30))
	}
}

// most is the largest number of tasks of all series.
func (cs curves) most() float64 {
	var most float64
	for _, s := range cs {
		most = max(most, s.tasks[len(s.tasks)-1])
	}
	return most
}

// early tells whether a series ends before others do.
func (cs curves) early() bool {
	return slices.ContainsFunc(cs, func(s series) bool { return s.tasks[len(s.tasks)-1] < cs.most() })
}

// apart moves places, ascending, so little as it takes to keep a gap between
// neighbours.
func apart(wanted []vg.Length, gap vg.Length) []vg.Length {
	// A cluster is places that touch; it lies around the mean of what they want.
	type cluster struct {
		sum vg.Length // of what each wants less its place in the cluster
		n   int
	}
	var clusters []cluster
	start := func(k cluster) vg.Length { return k.sum / vg.Length(k.n) }
	for _, w := range wanted {
		clusters = append(clusters, cluster{w, 1})
		for len(clusters) > 1 {
			a, b := clusters[len(clusters)-2], clusters[len(clusters)-1]
			if start(a)+vg.Length(a.n)*gap <= start(b) {
				break
			}
			clusters[len(clusters)-2] = cluster{a.sum + b.sum - vg.Length(b.n)*vg.Length(a.n)*gap, a.n + b.n}
			clusters = clusters[:len(clusters)-1]
		}
	}
	var places []vg.Length
	for _, k := range clusters {
		for i := range k.n {
			places = append(places, start(k)+vg.Length(i)*gap)
		}
	}
	return places
}

// row is one line of a plot of rows: a heading, or a name with its marks.
type row struct {
	name  string
	under string // in small letters
	marks []mark
}

// rows plots rows from the top down. A row without marks is a heading. With
// figure, the median stands behind each mark.
type rows struct {
	rows   []row
	figure func(float64) string
}

// level is the height of a row in the plot's coordinates, which go from 0 to
// the number of rows.
func (rs rows) level(i int) float64 { return float64(len(rs.rows)-i) - 0.5 }

// Plot implements plot.Plotter.
func (rs rows) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	names := c.Min.X - vg.Points(10)
	for i, row := range rs.rows {
		level := y(rs.level(i))
		if len(row.marks) == 0 {
			s := style(10, black, font.WeightBold)
			s.XAlign = text.XRight
			write(c, s, vg.Point{X: names, Y: level}, row.name)
			continue
		}
		c.StrokeLine2(draw.LineStyle{Color: lightGray, Width: vg.Points(0.8)}, c.Min.X, level, c.Max.X, level)
		s, up := style(10, black, font.WeightNormal), vg.Length(0)
		s.XAlign = text.XRight
		if row.under != "" {
			up = vg.Points(5.5)
			small := style(8.5, gray, font.WeightNormal)
			small.XAlign = text.XRight
			write(c, small, vg.Point{X: names, Y: level - up}, row.under)
		}
		write(c, s, vg.Point{X: names, Y: level + up}, row.name)
		for j, m := range row.marks {
			if m.Rounds == 0 {
				continue
			}
			at := level - vg.Points(6.4)*(vg.Length(j)-vg.Length(len(row.marks)-1)/2)
			point := vg.Point{X: x(m.Median), Y: at}
			m.whisker(c, point, vg.Point{X: x(m.Min), Y: at})
			m.whisker(c, point, vg.Point{X: x(m.Max), Y: at})
			m.glyph(c, point)
			if rs.figure != nil {
				s, text := style(9.5, black, font.WeightNormal), rs.figure(m.Median)
				place := vg.Point{X: x(m.Max) + vg.Points(8), Y: at}
				size := vg.Point{X: s.Width(text), Y: s.Font.Size}
				c.SetColor(color.White) // over the lines of the grid
				c.Fill(vg.Rectangle{Min: place.Sub(vg.Point{X: 2, Y: size.Y / 2}), Max: place.Add(vg.Point{X: size.X + 2, Y: size.Y / 2})}.Path())
				write(c, s, place, text)
			}
		}
	}
}
