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
	Desc   string  // what is to be seen in it, in a sentence or two
	Top    float64 // where the drawing begins
	Width  float64
	Height float64
	Shapes []shape
	Legend []Key
	Table  Table
	bare   int // so many of the shapes are not the legend's
}

// A Key explains a colour or a kind of line.
type Key struct {
	Name  string
	Class string // of the sample
	Dash  string // of a line's sample
	Line  bool   // otherwise a square
	Mark  bool   // with the mark of what was measured
}

// Fill is the class of the mark.
func (k Key) Fill() string { return "f-" + strings.TrimPrefix(k.Class, "s-") }

// Bare is the chart without its legend, for where that stands beside it as text.
func (c Chart) Bare() Chart {
	c.Shapes = c.Shapes[:c.bare]
	c.Width = chartWidth
	c.Height -= c.Top
	return c
}

// Whole is the chart with its legend, as a file has it.
func (c Chart) Whole() Chart {
	c.Top = 0
	return c
}

// A drawing is what was drawn of a chart.
type drawing struct {
	top, width, height float64 // top is the room of a legend above
	shapes             []shape
	bare               int
	legend             []Key
}

// A line is one curve of a line chart.
type line struct {
	name  string // in the legend; empty for none
	style draw.LineStyle
	x, y  []float64
	marks bool // a mark at each point: it was measured there, and the line between is only to guide the eye
}

// A rule is a horizontal line across a chart: a limit.
type rule struct {
	name string
	y    float64
}

// A linePlot is a chart of curves with a legend to their right. Values on a logarithmic axis are
// positive.
type linePlot struct {
	xLabel, yLabel string
	xTicks, yTicks plot.ConstantTicks
	logX, logY     bool
	lines          []line
	rules          []rule
}

const (
	chartWidth  = 720
	labelSize   = 12.5
	legendRow   = 20
	legendLines = 26 // length of the sample of a line in the legend
)

// dashes tell curves apart without colour: solid, long, dotted, dash-dot, and so on.
var dashes = [][]vg.Length{nil, {7, 3}, {2, 3}, {9, 3, 2, 3}, {12, 4}, {4, 2}, {9, 3, 2, 3, 2, 3}, {1.5, 2}}

func (l linePlot) draw() drawing {
	height := max(300, float64(len(l.lines)+len(l.rules))*legendRow+60)
	legend := textStyle(labelSize)
	right := legendWidth(legend, l.names())
	c := newCanvas(chartWidth+float64(right), height)
	page := draw.New(c)

	p := newPlot()
	p.X.Label.Text, p.Y.Label.Text = l.xLabel, l.yLabel
	p.X.Tick.Marker, p.Y.Tick.Marker = l.xTicks, l.yTicks
	span(&p.X, l.xTicks)
	span(&p.Y, l.yTicks)
	p.Add(grid{})
	var names []string
	var styles []draw.LineStyle
	var marks []bool
	for _, r := range l.rules {
		y := vg.Length(onAxis(r.y, l.logY))
		names, styles = append(names, short(r.name)), append(styles, ruleStyle)
		marks = append(marks, false)
		p.Add(curve{points: []vg.Point{{X: vg.Length(p.X.Min), Y: y}, {X: vg.Length(p.X.Max), Y: y}}, style: ruleStyle})
	}
	for _, ln := range l.lines {
		names, styles = append(names, short(ln.name)), append(styles, ln.style)
		marks = append(marks, ln.marks)
		points := make([]vg.Point, len(ln.x))
		for k := range ln.x {
			points[k] = vg.Point{X: vg.Length(onAxis(ln.x[k], l.logX)), Y: vg.Length(onAxis(ln.y[k], l.logY))}
		}
		p.Add(curve{points: points, style: ln.style, marks: ln.marks})
	}
	p.Draw(draw.Crop(page, 4, -right-16, 4, -12))
	d := drawing{width: c.width, height: height, bare: len(c.shapes)}
	y := page.Max.Y - 24
	x := page.Max.X - right + 4
	for i, name := range names {
		if name == "" {
			continue
		}
		page.StrokeLine2(styles[i], x, y, x+legendLines, y)
		if marks[i] {
			page.FillPolygon(styles[i].Color, diamond(vg.Point{X: x + legendLines/2, Y: y}))
		}
		page.FillText(legend, vg.Point{X: x + legendLines + 6, Y: y}, name)
		y -= legendRow
		d.legend = append(d.legend, Key{Name: name, Class: "s-" + string(styles[i].Color.(ink)), Dash: dashText(styles[i].Dashes), Line: styles[i].Width > 0, Mark: marks[i]})
	}
	d.shapes = c.shapes
	return d
}

// names are those of the legend.
func (l linePlot) names() []string {
	var names []string
	for _, r := range l.rules {
		names = append(names, short(r.name))
	}
	for _, ln := range l.lines {
		names = append(names, short(ln.name))
	}
	return names
}

func onAxis(v float64, log bool) float64 {
	if log {
		return math.Log10(v)
	}
	return v
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

func (b barPlot) draw() drawing {
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
	d := drawing{top: legendSpace, width: chartWidth, height: height, bare: len(c.shapes)}
	x := page.Min.X + 6
	style := textStyle(labelSize)
	for i, name := range b.layers {
		if name == "" {
			continue // nobody has it
		}
		y := page.Max.Y - 14
		page.FillPolygon(layerInk(i), rectangle(x, y-5, x+12, y+5))
		page.FillText(style, vg.Point{X: x + 18, Y: y}, name)
		x += 36 + 1.15*style.Width(name)
		d.legend = append(d.legend, Key{Name: name, Class: "f-" + string(layerInk(i))})
	}
	d.shapes = c.shapes
	return d
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

var ruleStyle = draw.LineStyle{Color: inkText, Width: 1, Dashes: []vg.Length{3, 3}}

// line is how the arm's curves are drawn.
func (a Arm) line() draw.LineStyle {
	return draw.LineStyle{Color: armInk(a.place), Width: 2, Dashes: dashes[a.dash%len(dashes)]}
}

func span(a *plot.Axis, ticks plot.ConstantTicks) {
	a.Min, a.Max = ticks[0].Value, ticks[len(ticks)-1].Value
}

func rectangle(x0, y0, x1, y1 vg.Length) []vg.Point {
	return []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}
