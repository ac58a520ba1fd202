package rights

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
)

// style is the whole look of the printed bundle: black on white, one column. Its
// hash stands in the page's Content-Security-Policy, which allows nothing else.
const style = `body{font:16px/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#000;background:#fff}
h2{margin-top:2.5rem;border-bottom:2px solid}dl,table{font-size:.95rem}dt{font-weight:bold}dd{margin:0 0 .5rem}
table{border-collapse:collapse;width:100%}th,td{text-align:start;vertical-align:top;padding:.3rem 0;padding-inline-end:.5rem;border-bottom:1px solid #999;overflow-wrap:anywhere}td span{display:none}
@media (max-width:40rem){thead{position:absolute;inset-inline-start:-100rem}tr,td{display:block;border:0;padding:.1rem 0}tr{border-bottom:1px solid #999;padding:.5rem 0}td span{display:inline;font-weight:bold}}
@media print{h2{break-after:avoid}tr{break-inside:avoid}}`

// PagePolicy is the Content-Security-Policy of the page: its own style, no
// scripts, no pictures, nothing from anywhere.
var PagePolicy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}()

var page = template.Must(template.New("bundle").Funcs(template.FuncMap{"style": func() template.CSS { return style }}).Parse(`<!doctype html>
<html lang="{{.Reader.Tag}}" dir="{{.Reader.Direction}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{{.Heading}}</title><style>{{style}}</style></head><body>
<h1>{{.Heading}}</h1>
<p>{{.Made}}</p>
{{range .Sections}}<h2>{{.Title}}</h2>
{{with .Note}}<p>{{.}}</p>
{{end}}{{if not .Items}}<p>{{$.None}}</p>
{{else if eq (len .Items) 1}}<dl>{{range index .Items 0}}<dt>{{.Label}}</dt><dd><bdi>{{or .Says .Value}}</bdi></dd>{{end}}</dl>
{{else}}<table><thead><tr>{{range index .Items 0}}<th scope="col">{{.Label}}</th>{{end}}</tr></thead>
<tbody>{{range .Items}}<tr>{{range .}}<td><span>{{.Label}}: </span><bdi>{{or .Says .Value}}</bdi></td>{{end}}</tr>
{{end}}</tbody></table>
{{end}}{{end}}</body></html>
`))

// Page writes the bundle as a page to read and print.
func (b Bundle) Page() ([]byte, error) {
	var out bytes.Buffer
	data := struct {
		Bundle
		Heading, Made, None string
	}{b, b.Reader.Say("What {bank} holds about {who}", "bank", b.Bank, "who", b.For),
		b.Reader.Say("Made on {time}. This is everything about you in this time bank. If something is wrong, tell us and we put it right.", "time", b.Reader.Moment(b.MadeAt, b.Zone)),
		b.Reader.Say("Nothing.")}
	if err := page.Execute(&out, data); err != nil {
		return nil, fmt.Errorf("write bundle: %w", err)
	}
	return out.Bytes(), nil
}
