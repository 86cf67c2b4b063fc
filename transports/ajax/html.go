package ajax

import (
	"html/template"
	"net/http"

	"transportlab/transports"
)

// view is what a page shows of a topic.
type view struct {
	Topic    string
	Cursor   string // where the next fragment begins
	Messages []line
}

type line struct {
	ID, Text string
	Offset   uint64
	Bytes    int // of a binary message, which is not shown
}

// fragment is the part of the page that changed; page is all of it.
var templates = template.Must(template.New("fragment").Parse(
	`{{range .Messages}}<li id="m{{.Offset}}" data-id="{{.ID}}">{{if .Bytes}}<i>{{.Bytes}} bytes</i>{{else}}{{.Text}}{{end}}</li>
{{end}}{{define "page"}}<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Topic}}</title>
<meta name="viewport" content="width=device-width"></head>
<body><h1>{{.Topic}}</h1>
<ol data-cursor="{{.Cursor}}">
{{template "fragment" .}}</ol>
<p><a href="?after={{.Cursor}}">newer messages</a></p></body></html>
{{end}}`))

// writeHTML answers with the messages as an HTML fragment, or in a whole page.
func writeHTML(w http.ResponseWriter, topic string, after transports.Cursor, ms []transports.Message, page bool) error {
	v := view{Topic: topic, Cursor: after.String()}
	for _, m := range ms {
		l := line{ID: m.ID, Offset: m.Offset, Text: string(m.Data)}
		if m.Binary {
			l.Bytes, l.Text = len(m.Data), ""
		}
		v.Messages = append(v.Messages, l)
		v.Cursor = m.Cursor.String()
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `"`+v.Cursor+`"`)
	name := "fragment"
	if page {
		name = "page"
	}
	return templates.ExecuteTemplate(w, name, v)
}
