package statement

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
)

// style is the whole look of the page: large print, black on white. Its hash stands
// in the page's Content-Security-Policy, which allows nothing else.
const style = `body{font:18pt/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#000;background:#fff}
h1{font-size:28pt;line-height:1.2}table{border-collapse:collapse;width:100%}caption{text-align:start;padding:.5rem 0}
th,td{text-align:start;vertical-align:top;padding:.6rem 0;padding-inline-end:.8rem;border-bottom:2px solid #000;overflow-wrap:break-word}
.seal{font-size:12pt;overflow-wrap:anywhere}
@media (max-width:40rem){body{font-size:16pt}thead{position:absolute;inset-inline-start:-100rem}tr,td,th{display:block;border:0;padding:.1rem 0}tr{border-bottom:2px solid #000;padding:.6rem 0}}
@media print{body{margin:0;max-width:none}tr{break-inside:avoid}thead{display:table-header-group}}`

// PagePolicy is the Content-Security-Policy of the page: its own style, nothing else.
var PagePolicy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}()

var page = template.Must(template.New("statement").Funcs(template.FuncMap{"style": func() template.CSS { return style }}).Parse(`<!doctype html>
<html lang="{{.Reader.Tag}}" dir="{{.Reader.Direction}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{{.Title}}</title><style>{{style}}</style></head><body><main>
<h1>{{.Heading}}</h1>
<p>{{.About}}</p>
<p><strong>{{.Stands}}</strong><br>{{.Sums}}</p>
{{if .Lines}}<table><caption>{{.Order}}</caption>
<thead><tr>{{range .Columns}}<th scope="col">{{.}}</th>{{end}}</tr></thead>
<tbody>{{range .Lines}}<tr><td>{{.On}}</td><th scope="row">{{.Text}}</th><td>{{.For}}</td><td>{{.After}}</td></tr>
{{end}}</tbody></table>{{else}}<p>{{.Nothing}}</p>{{end}}
{{with .Note}}<p>{{.}}</p>
{{end}}<p>{{.Wrong}}</p>
{{with .Seal}}<p class="seal">{{.}}</p>{{end}}
</main></body></html>
`))

// Page writes the paper as a page in large print.
func (p Paper) Page() ([]byte, error) {
	var out bytes.Buffer
	if err := page.Execute(&out, p); err != nil {
		return nil, fmt.Errorf("write statement: %w", err)
	}
	return out.Bytes(), nil
}
