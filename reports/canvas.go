package reports

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// An ink is a colour by role rather than by value: the class that the page's style sheet colours, so
// that a plot follows the reader's light or dark theme. Its value as a color.Color is not used.
type ink string

func (ink) RGBA() (r, g, b, a uint32) { return 0, 0, 0, 0xffff }

// The inks besides those of the arms (armInk).
const (
	inkText  ink = "ink"  // labels
	inkAxis  ink = "axis" // axes and ticks
	inkGrid  ink = "grid"
	inkPaper ink = "paper" // behind labels that lie on a line
)

// A shape is one element of a drawing: a path (D) or a line of text.
type shape struct {
	Class  string // "s-…" strokes with an ink, "f-…" fills with it
	D      string // path data; empty for text
	Width  string // stroke width
	Dash   string // stroke-dasharray, "" for solid
	X, Y   string // where text begins, on its base line
	Size   string // of text, in user units
	Turn   string // rotate(…) for text that does not run left to right
	Anchor string // text-anchor when the text does not begin at X
	Text   string
}

// A canvas is a vg.Canvas that notes what is drawn on it as a flat list of shapes in page
// coordinates (y downwards). The templates write them out, so that whatever a result file holds is
// escaped like everything else.
type canvas struct {
	width, height float64
	shapes        []shape
	stack         []pen
}

type pen struct {
	ink   ink
	width float64
	dash  string
	at    matrix
}

// A matrix maps (x, y) to (a·x + c·y + e, b·x + d·y + f).
type matrix struct{ a, b, c, d, e, f float64 }

func (m matrix) apply(p vg.Point) (x, y float64) {
	return m.a*float64(p.X) + m.c*float64(p.Y) + m.e, m.b*float64(p.X) + m.d*float64(p.Y) + m.f
}

// then is the matrix that applies n first.
func (m matrix) then(n matrix) matrix {
	return matrix{
		a: m.a*n.a + m.c*n.b, b: m.b*n.a + m.d*n.b,
		c: m.a*n.c + m.c*n.d, d: m.b*n.c + m.d*n.d,
		e: m.a*n.e + m.c*n.f + m.e, f: m.b*n.e + m.d*n.f + m.f,
	}
}

func newCanvas(width, height float64) *canvas {
	c := &canvas{width: width, height: height, stack: []pen{{at: matrix{a: 1, d: -1, f: height}}}}
	vg.Initialize(c)
	return c
}

func (c *canvas) pen() *pen { return &c.stack[len(c.stack)-1] }

// Size is part of vg.CanvasSizer.
func (c *canvas) Size() (x, y vg.Length) { return vg.Length(c.width), vg.Length(c.height) }

// SetLineWidth is part of vg.Canvas, as are the methods below.
func (c *canvas) SetLineWidth(w vg.Length) { c.pen().width = float64(w) }

func (c *canvas) SetLineDash(pattern []vg.Length, _ vg.Length) {
	c.pen().dash = dashText(pattern)
}

// dashText is a pattern of dashes in SVG's notation.
func dashText(pattern []vg.Length) string {
	parts := make([]string, len(pattern))
	for i, p := range pattern {
		parts[i] = number(float64(p))
	}
	return strings.Join(parts, " ")
}

func (c *canvas) SetColor(clr color.Color) {
	k, ok := clr.(ink)
	if !ok {
		k = inkText // gonum's defaults, all black
	}
	c.pen().ink = k
}

func (c *canvas) Rotate(rad float64) {
	sin, cos := math.Sincos(rad)
	c.pen().at = c.pen().at.then(matrix{a: cos, b: sin, c: -sin, d: cos})
}

func (c *canvas) Translate(pt vg.Point) {
	c.pen().at = c.pen().at.then(matrix{a: 1, d: 1, e: float64(pt.X), f: float64(pt.Y)})
}

func (c *canvas) Scale(x, y float64) { c.pen().at = c.pen().at.then(matrix{a: x, d: y}) }

func (c *canvas) Push() { c.stack = append(c.stack, *c.pen()) }

func (c *canvas) Pop() { c.stack = c.stack[:len(c.stack)-1] }

func (c *canvas) Stroke(path vg.Path) {
	if p := c.pen(); p.width > 0 {
		c.shapes = append(c.shapes, shape{Class: "s-" + string(p.ink), D: c.data(path), Width: number(p.width), Dash: p.dash})
	}
}

func (c *canvas) Fill(path vg.Path) {
	c.shapes = append(c.shapes, shape{Class: "f-" + string(c.pen().ink), D: c.data(path)})
}

func (c *canvas) FillString(f font.Face, pt vg.Point, text string) {
	if f.Font.Size == 0 || text == "" {
		return
	}
	x, y := c.pen().at.apply(pt)
	s := shape{Class: "f-" + string(c.pen().ink), X: number(x), Y: number(y), Size: number(f.Font.Size.Points()), Text: text}
	if angle := math.Atan2(c.pen().at.b, c.pen().at.a) * 180 / math.Pi; math.Abs(angle) > 0.5 {
		s.Turn = fmt.Sprintf("rotate(%s %s %s)", number(angle), s.X, s.Y)
	}
	c.shapes = append(c.shapes, s)
}

// DrawImage draws nothing: no plot here holds a bitmap.
func (c *canvas) DrawImage(vg.Rectangle, image.Image) {}

// data is a path in SVG's notation. Arcs, which only round markers use, become short lines.
func (c *canvas) data(path vg.Path) string {
	var b strings.Builder
	to := func(command byte, p vg.Point) {
		x, y := c.pen().at.apply(p)
		b.WriteByte(command)
		b.WriteString(number(x))
		b.WriteByte(',')
		b.WriteString(number(y))
	}
	for _, comp := range path {
		switch comp.Type {
		case vg.MoveComp:
			to('M', comp.Pos)
		case vg.LineComp, vg.CurveComp:
			to('L', comp.Pos)
		case vg.ArcComp:
			const steps = 24
			for i := range steps + 1 {
				sin, cos := math.Sincos(comp.Start + comp.Angle*float64(i)/steps)
				command := byte('L')
				if b.Len() == 0 {
					command = 'M'
				}
				to(command, vg.Point{X: comp.Pos.X + comp.Radius*vg.Length(cos), Y: comp.Pos.Y + comp.Radius*vg.Length(sin)})
			}
		case vg.CloseComp:
			b.WriteByte('Z')
		}
	}
	return b.String()
}

// number writes a coordinate with at most two decimals: a hundredth of a pixel is finer than any screen.
func number(v float64) string {
	if v = math.Round(v*100) / 100; v == 0 {
		return "0" // also for -0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
