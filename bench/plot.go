package bench

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// figure is a plot with the words around it.
type figure struct {
	name   string // of its files
	title  string
	below  []string // the lines under the title: what is shown, and how
	legend []mark   // keys in a line under them
	plot   *plot.Plot
	axis   string    // what the horizontal axis shows
	left   vg.Length // room for the names of rows
	right  vg.Length // room for the labels at the ends of lines
	foot   []string
	height vg.Length
}

const (
	figureWidth = 8 * vg.Inch
	dotsPerInch = 192
)

var (
	gray      = color.RGBA{R: 0x60, G: 0x60, B: 0x60, A: 255}
	lightGray = color.RGBA{R: 0xE6, G: 0xE6, B: 0xE6, A: 255}
)

// fonts are those embedded in the program, so that the plots look the same on
// every machine.
var fonts = sync.OnceValue(func() text.Handler {
	return text.Plain{Fonts: plotfont.NewCache(liberation.Collection())}
})

// style is text of a size in points, left of and above nothing: its alignment
// is the caller's.
func style(size float64, ink color.Color, weight font.Weight) text.Style {
	return text.Style{
		Color:   ink,
		Font:    plotfont.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight, Size: vg.Points(size)},
		YAlign:  text.YCenter,
		Handler: fonts(),
	}
}

// newPlot is an empty plot in our style, with a light grid.
func newPlot() *plot.Plot {
	p := plot.New()
	p.TextHandler = fonts()
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.LineStyle = draw.LineStyle{Color: gray, Width: vg.Points(0.6)}
		axis.Tick.LineStyle = axis.LineStyle
		axis.Tick.Length = vg.Points(4)
		axis.Padding = 0
	}
	p.X.Tick.Label = style(9.5, gray, font.WeightNormal)
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = text.XCenter, text.YTop
	p.Y.Tick.Label = style(9.5, gray, font.WeightNormal)
	p.Y.Tick.Label.XAlign = text.XRight
	grid := plotter.NewGrid()
	grid.Horizontal = draw.LineStyle{Color: lightGray, Width: vg.Points(0.8)}
	grid.Vertical = grid.Horizontal
	p.Add(grid)
	return p
}

// logAxis makes an axis logarithmic and as long as whole decades around the
// numbers, which must be more than 0, with a label at each power of ten.
func logAxis(axis *plot.Axis, least, most float64, label func(float64) string) {
	low, high := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
	if low == high {
		high++
	}
	axis.Scale = plot.LogScale{}
	axis.Min, axis.Max = math.Pow(10, low), math.Pow(10, high)
	axis.Tick.Marker = plot.TickerFunc(func(float64, float64) []plot.Tick {
		var ticks []plot.Tick
		for exponent := low; exponent <= high; exponent++ {
			decade := math.Pow(10, exponent)
			ticks = append(ticks, plot.Tick{Value: decade, Label: strings.NewReplacer(".00", "", ".0", "").Replace(label(decade))})
			for digit := 2.0; digit < 10 && exponent < high; digit++ {
				ticks = append(ticks, plot.Tick{Value: digit * decade})
			}
		}
		return ticks
	})
}

// draw draws the figure: title, words, legend, plot, foot.
func (f figure) draw(canvas vg.CanvasSizer) {
	c := draw.New(canvas)
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, vg.Points(14), -vg.Points(14), vg.Points(10), -vg.Points(12))

	line := func(s text.Style, text string) {
		c.Max.Y -= s.Font.Size * 0.65
		write(c, s, vg.Point{X: c.Min.X, Y: c.Max.Y}, text)
		c.Max.Y -= s.Font.Size * 0.75
	}
	line(style(14, black, font.WeightBold), f.title)
	for _, words := range f.below {
		line(style(10, gray, font.WeightNormal), words)
	}
	if len(f.legend) > 0 {
		c.Max.Y -= vg.Points(9)
		x := c.Min.X + vg.Points(4)
		for _, key := range f.legend {
			s := style(10, gray, font.WeightNormal)
			key.glyph(c, vg.Point{X: x, Y: c.Max.Y})
			write(c, s, vg.Point{X: x + vg.Points(8), Y: c.Max.Y}, key.label)
			x += vg.Points(8) + s.Width(key.label) + vg.Points(18)
		}
		c.Max.Y -= vg.Points(6)
	}
	c.Max.Y -= vg.Points(8)

	small := style(8.5, gray, font.WeightNormal)
	var foot []string
	for _, words := range f.foot {
		foot = append(foot, broken(words, small, c.Max.X-c.Min.X)...)
	}
	for i := range foot {
		write(c, small, vg.Point{X: c.Min.X, Y: c.Min.Y + small.Font.Size/2}, foot[len(foot)-1-i])
		c.Min.Y += small.Font.Size * 1.35
	}
	c.Min.Y += vg.Points(6)
	c = draw.Crop(c, f.left, -f.right, 0, 0)

	// The plot's own label of a logarithmic axis is not in its middle, and makes
	// the plot narrower.
	s := style(10, gray, font.WeightNormal)
	s.XAlign = text.XCenter
	write(c, s, vg.Point{X: (c.Min.X + c.Max.X) / 2, Y: c.Min.Y + s.Font.Size/2}, f.axis)
	c.Min.Y += s.Font.Size + vg.Points(6)
	f.plot.Draw(c)
}

// write writes text with the middle of its small letters at the height of a
// place.
func write(c draw.Canvas, s text.Style, at vg.Point, text string) {
	c.FillText(s, at.Add(vg.Point{Y: s.Font.Size * 0.13}), text)
}

// broken breaks words into lines that fit into a width.
func broken(words string, s text.Style, width vg.Length) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(words) {
		if longer := strings.TrimSpace(line + " " + word); line == "" || s.Width(longer) <= width {
			line = longer
			continue
		}
		lines, line = append(lines, line), word
	}
	return append(lines, line)
}

// save writes the figure into a folder, as NAME.svg and NAME.png.
func (f figure) save(dir string) ([]string, error) {
	vector := vgsvg.New(figureWidth, f.height)
	f.draw(vector)
	var svg bytes.Buffer
	if _, err := vector.WriteTo(&svg); err != nil {
		return nil, err
	}
	pixels := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(figureWidth, f.height), vgimg.UseDPI(dotsPerInch))}
	f.draw(pixels)
	var png bytes.Buffer
	if _, err := pixels.WriteTo(&png); err != nil {
		return nil, err
	}
	names := []string{filepath.Join(dir, f.name+".svg"), filepath.Join(dir, f.name+".png")}
	for i, content := range [][]byte{withFallbacks(svg.Bytes()), png.Bytes()} {
		if err := os.WriteFile(names[i], content, 0o644); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// withFallbacks names the fonts that look alike where Liberation Sans is not
// installed.
func withFallbacks(svg []byte) []byte {
	return bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif"))
}

// Draw writes all plots that the results have numbers for into a folder, and
// returns the names of the files.
func (r Results) Draw(dir string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var names []string
	for _, f := range r.figures() {
		written, err := f.save(dir)
		if err != nil {
			return nil, fmt.Errorf("plot %s: %w", f.name, err)
		}
		names = append(names, written...)
	}
	return names, nil
}
