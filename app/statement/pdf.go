package statement

import (
	"bytes"
	_ "embed"
	"fmt"

	"codeberg.org/go-pdf/fpdf"
)

// The fonts are Atkinson Hyperlegible Next (SIL Open Font License, font/OFL.txt).
var (
	//go:embed font/regular.ttf
	regular []byte
	//go:embed font/bold.ttf
	bold []byte
)

// Measures of the sheet, in millimetres; sizes of type in points. 14 points are what
// the clear print guidelines ask for.
const (
	margin = 18.0
	height = 7.2 // of a line of text
	small  = 11.0
	normal = 14.0
	large  = 24.0
)

// columns of the table, which fill an A4 sheet between its margins.
var columns = []struct {
	name  string
	width float64
}{{"Day", 30}, {"What", 66}, {"Hours", 40}, {"Then", 38}}

// PDF writes the paper as A4 sheets with a title, a language and real text.
func (p Paper) PDF() ([]byte, error) {
	f := fpdf.New("P", "mm", "A4", "")
	f.AddUTF8FontFromBytes("atkinson", "", regular)
	f.AddUTF8FontFromBytes("atkinson", "B", bold)
	f.SetTitle(p.Title(), true)
	f.SetAuthor(p.Bank, true)
	f.SetLang("en-GB")
	f.SetCatalogSort(true)
	f.SetCreationDate(p.MadeOn)
	f.SetModificationDate(p.MadeOn)
	f.SetMargins(margin, margin, margin)
	f.SetAutoPageBreak(false, margin)
	f.AliasNbPages("{pages}")
	f.SetFooterFunc(func() {
		f.SetY(-margin)
		f.SetFont("atkinson", "", small)
		f.CellFormat(0, height, fmt.Sprintf("Page %d of {pages}. Is something wrong? Ring us: %s", f.PageNo(), p.Phone), "", 0, "L", false, 0, "")
	})
	f.AddPage()
	f.SetFont("atkinson", "B", large)
	f.MultiCell(0, 11, p.Member.Name+": your hours", "", "L", false)
	f.Ln(2)
	f.SetFont("atkinson", "", normal)
	f.MultiCell(0, height, fmt.Sprintf("%s. %s. Printed on %s.", p.Bank, p.Period.Words(), p.MadeOn.Format("2 January 2006")), "", "L", false)
	f.Ln(2)
	f.SetFont("atkinson", "B", normal)
	f.MultiCell(0, height, p.Stands(), "", "L", false)
	f.SetFont("atkinson", "", normal)
	f.MultiCell(0, height, p.Sums(), "", "L", false)
	f.Ln(3)
	if len(p.Lines) == 0 {
		f.MultiCell(0, height, "No hours in this time.", "", "L", false)
	} else {
		f.MultiCell(0, height, "In the order in which it was written down, the oldest first.", "", "L", false)
		f.Ln(2)
		head(f)
		for _, l := range p.Lines {
			row(f, []string{l.Day.Format("2 Jan 2006"), l.Text(), l.For(), l.After()})
		}
	}
	if seal := p.Seal(); seal != "" {
		f.Ln(4)
		f.SetFont("atkinson", "", small)
		f.MultiCell(0, height, seal, "", "L", false)
	}
	var out bytes.Buffer
	if err := f.Output(&out); err != nil {
		return nil, fmt.Errorf("write statement: %w", err)
	}
	return out.Bytes(), nil
}

func head(f *fpdf.Fpdf) {
	f.SetFont("atkinson", "B", normal)
	for _, c := range columns {
		f.CellFormat(c.width, height+1, c.name, "B", 0, "L", false, 0, "")
	}
	f.Ln(-1)
	f.SetFont("atkinson", "", normal)
}

// row writes one row, its cells as high as the highest, never across two sheets.
func row(f *fpdf.Fpdf, cells []string) {
	lines := make([][]string, len(cells))
	most := 1
	for i, c := range cells {
		lines[i] = f.SplitText(c, columns[i].width-2)
		most = max(most, len(lines[i]))
	}
	_, sheet := f.GetPageSize()
	if f.GetY()+float64(most)*height+2 > sheet-margin-height {
		f.AddPage()
		head(f)
	}
	top := f.GetY() + 1
	x := margin
	for i, c := range columns {
		for n, text := range lines[i] {
			f.SetXY(x, top+float64(n)*height)
			f.CellFormat(c.width, height, text, "", 0, "L", false, 0, "")
		}
		x += c.width
	}
	bottom := top + float64(most)*height + 1
	f.Line(margin, bottom, x, bottom)
	f.SetXY(margin, bottom)
}
