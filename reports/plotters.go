package reports

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A grid draws a line across the plot at each labelled tick: of the vertical axis, or of both.
type grid struct{ vertical bool }

func (g grid) Plot(c draw.Canvas, p *plot.Plot) {
	style := draw.LineStyle{Color: inkGrid, Width: 0.75}
	x, y := p.Transforms(&c)
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(style, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
	}
	if g.vertical {
		return
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		c.StrokeLine2(style, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
	}
}

// A curve is a line through points in the coordinates of the axes, cut off where the plot ends.
type curve struct {
	points []vg.Point
	style  draw.LineStyle
	marks  bool
}

func (l curve) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	at := make([]vg.Point, len(l.points))
	for i, pt := range l.points {
		at[i] = vg.Point{X: x(float64(pt.X)), Y: y(float64(pt.Y))}
	}
	c.StrokeLines(l.style, c.ClipLinesXY(at)...)
	if !l.marks {
		return
	}
	for _, pt := range at {
		if c.Contains(pt) {
			c.FillPolygon(l.style.Color, diamond(pt))
		}
	}
}

// diamond is the mark of what was measured.
func diamond(at vg.Point) []vg.Point {
	const r = 4
	return []vg.Point{{X: at.X - r, Y: at.Y}, {X: at.X, Y: at.Y + r}, {X: at.X + r, Y: at.Y}, {X: at.X, Y: at.Y - r}}
}

// bars draws the rows of a bar chart from the top downwards.
type bars []bar

func (bs bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := textStyle(labelSize)
	for i, b := range bs {
		middle := y(float64(len(bs) - 1 - i))
		top, bottom := middle+8, middle-8
		end := 0.0
		for k, part := range b.parts {
			clr := color.Color(b.ink)
			if len(b.parts) > 1 {
				clr = layerInk(k)
			}
			if part > 0 {
				c.FillPolygon(clr, rectangle(x(end), bottom, x(end+part), top))
			}
			end += part
		}
		edge := x(end)
		if b.hi > 0 {
			whisker := draw.LineStyle{Color: inkText, Width: 1.25}
			lo, hi := x(max(b.lo, 0)), x(min(b.hi, p.X.Max))
			c.StrokeLine2(whisker, lo, middle, hi, middle)
			c.StrokeLine2(whisker, lo, middle-4, lo, middle+4)
			c.StrokeLine2(whisker, hi, middle-4, hi, middle+4)
			edge = max(edge, hi)
		}
		c.FillText(style, vg.Point{X: edge + 6, Y: middle}, b.label)
	}
}
