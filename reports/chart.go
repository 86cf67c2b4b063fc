package reports

import (
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Chart is a finished drawing with the words that go with it and the numbers it shows, so that who
// cannot see it misses nothing.
type Chart struct {
	ID     string // for anchors and file names: [a-z0-9-]
	Title  string
	Desc   string // what is to be seen in it, in a sentence or two
	Width  float64
	Height float64
	Shapes []shape
	Table  Table
}

// A Table is the numbers of a chart or a section as text, ready to be shown. The first column names
// the row.
type Table struct {
	Head []string
	Rows [][]string
}

// Number tells whether a column holds figures, which are read from their right end.
func (t Table) Number(column int) bool {
	if column == 0 {
		return false
	}
	for _, row := range t.Rows {
		if c := row[column]; c != "" && c != "–" && !strings.ContainsAny(c[:1], "-0123456789") {
			return false
		}
	}
	return true
}

// A line is one curve of a line chart.
type line struct {
	name string
	arm  int // its place among the arms: gives colour and dashes
	x, y []float64
}

// A linePlot is a chart of curves with a legend to their right. Values on a logarithmic axis are
// positive.
type linePlot struct {
	xLabel, yLabel string
	xTicks, yTicks plot.ConstantTicks
	logX, logY     bool
	lines          []line
}

const (
	chartWidth  = 720
	labelSize   = 12.5
	legendRow   = 20
	legendLines = 26 // length of the sample of a line in the legend
)

// dashes tell curves apart without colour: solid, long, dotted, dash-dot.
var dashes = [][]vg.Length{nil, {7, 3}, {2, 3}, {9, 3, 2, 3}}

func (l linePlot) draw() ([]shape, float64) {
	height := max(300, float64(len(l.lines))*legendRow+60)
	c := newCanvas(chartWidth, height)
	page := draw.New(c)

	p := newPlot()
	p.X.Label.Text, p.Y.Label.Text = l.xLabel, l.yLabel
	p.X.Tick.Marker, p.Y.Tick.Marker = l.xTicks, l.yTicks
	transform := func(v float64, log bool) float64 {
		if log {
			return math.Log10(v)
		}
		return v
	}
	span(&p.X, l.xTicks)
	span(&p.Y, l.yTicks)
	p.Add(grid{})
	names := make([]string, len(l.lines))
	for i, ln := range l.lines {
		names[i] = short(ln.name)
		points := make([]vg.Point, len(ln.x))
		for k := range ln.x {
			points[k] = vg.Point{X: vg.Length(transform(ln.x[k], l.logX)), Y: vg.Length(transform(ln.y[k], l.logY))}
		}
		p.Add(curve{points: points, style: armLine(ln.arm)})
	}
	legend := textStyle(labelSize)
	right := legendWidth(legend, names)
	p.Draw(draw.Crop(page, 4, -right, 4, -12))
	y := page.Max.Y - 24
	x := page.Max.X - right + 12
	for i, ln := range l.lines {
		page.StrokeLine2(armLine(ln.arm), x, y, x+legendLines, y)
		page.FillText(legend, vg.Point{X: x + legendLines + 6, Y: y}, names[i])
		y -= legendRow
	}
	return c.shapes, height
}

// A bar is one row of a bar chart: one value or several stacked, and an interval around their sum
// where hi > 0.
type bar struct {
	name   string
	ink    ink // of a bar of one part; the parts of a stack have the inks of their layers
	parts  []float64
	lo, hi float64
	label  string // the sum, as text
}

// A barPlot is a chart of horizontal bars: names to the left, where they need not be turned, and the
// values at their ends. layers names the parts of a stack and is the legend; nil when bars have one part.
type barPlot struct {
	xLabel string
	ticks  plot.ConstantTicks
	layers []string
	bars   []bar
}

func (b barPlot) draw() ([]shape, float64) {
	const row = 30
	legendSpace := 0.0
	if len(b.layers) > 0 {
		legendSpace = legendRow
	}
	height := float64(len(b.bars))*row + 62 + legendSpace
	c := newCanvas(chartWidth, height)
	page := draw.New(c)

	p := newPlot()
	p.X.Label.Text = b.xLabel
	p.X.Tick.Marker = b.ticks
	span(&p.X, b.ticks)
	p.Y.Min, p.Y.Max = -0.5, float64(len(b.bars))-0.5
	names := plot.ConstantTicks{}
	for i, each := range b.bars {
		names = append(names, plot.Tick{Value: float64(len(b.bars) - 1 - i), Label: short(each.name)})
	}
	p.Y.Tick.Marker = names
	p.Add(grid{vertical: true}, bars(b.bars))
	// The right margin leaves room for the label of a bar that reaches the end of the axis.
	p.Draw(draw.Crop(page, 4, -72, 4, -vg.Length(8+legendSpace)))
	x := page.Min.X + 6
	style := textStyle(labelSize)
	for i, name := range b.layers {
		y := page.Max.Y - 14
		page.FillPolygon(layerInk(i), rectangle(x, y-5, x+12, y+5))
		page.FillText(style, vg.Point{X: x + 18, Y: y}, name)
		x += 36 + 1.15*style.Width(name)
	}
	return c.shapes, height
}

// newPlot has the house's looks: sans-serif, no box, thin grid.
func newPlot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color = inkAxis
		axis.Width = 0.75
		axis.Padding = 0
		axis.Tick.Length, axis.Tick.Width, axis.Tick.Color = 5, 0.75, inkGrid
		axis.Label.Padding = 6
		quiet := textStyle(labelSize)
		axis.Label.TextStyle.Font, axis.Label.TextStyle.Color = quiet.Font, quiet.Color
		axis.Tick.Label.Font, axis.Tick.Label.Color = quiet.Font, quiet.Color
	}
	p.Y.Width = 0
	return p
}

func textStyle(size vg.Length) text.Style {
	return text.Style{Color: inkText, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		YAlign: draw.YCenter, Handler: plot.DefaultTextHandler}
}

// short is a name that fits beside a chart, on one line.
func short(name string) string {
	const most = 28
	runes := []rune(strings.Join(strings.Fields(name), " "))
	if len(runes) > most {
		runes = append(runes[:most-1], '…')
	}
	return string(runes)
}

func legendWidth(style text.Style, names []string) vg.Length {
	var widest vg.Length
	for _, n := range names {
		widest = max(widest, style.Width(n))
	}
	// A browser without the font that was measured may need more room.
	return min(1.15*widest, 260) + legendLines + 24
}

func armLine(arm int) draw.LineStyle {
	return draw.LineStyle{Color: armInk(arm), Width: 2, Dashes: dashes[arm%len(dashes)]}
}

func span(a *plot.Axis, ticks plot.ConstantTicks) {
	a.Min, a.Max = ticks[0].Value, ticks[len(ticks)-1].Value
}

func rectangle(x0, y0, x1, y1 vg.Length) []vg.Point {
	return []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}
