package statement

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"

	"codeberg.org/go-pdf/fpdf"

	"timebank/app/platform/words"
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

// widths of the columns, which fill an A4 sheet between its margins.
var widths = []float64{34, 60, 41, 39}

// PDF writes the paper as A4 sheets with a title, a language and real text. The
// library sets letters one by one and joins none, so it can write no Arabic script:
// see forSheets.
func (p Paper) PDF() ([]byte, error) {
	f := fpdf.New("P", "mm", "A4", "")
	f.AddUTF8FontFromBytes("atkinson", "", regular)
	f.AddUTF8FontFromBytes("atkinson", "B", bold)
	f.SetTitle(p.Title(), true)
	f.SetAuthor(p.Bank, true)
	f.SetLang(p.Reader.Tag())
	f.SetCatalogSort(true)
	f.SetCreationDate(p.MadeOn)
	f.SetModificationDate(p.MadeOn)
	f.SetMargins(margin, margin, margin)
	f.SetAutoPageBreak(false, margin)
	f.AliasNbPages("{pages}")
	f.SetFooterFunc(func() {
		f.SetY(-margin)
		f.SetFont("atkinson", "", small)
		f.CellFormat(0, height, p.Reader.Say("Page {page} of {all}.", "page", f.PageNo(), "all", "{pages}")+" "+p.Wrong(), "", 0, "L", false, 0, "")
	})
	f.AddPage()
	f.SetFont("atkinson", "B", large)
	f.MultiCell(0, 11, p.Heading(), "", "L", false)
	f.Ln(2)
	f.SetFont("atkinson", "", normal)
	f.MultiCell(0, height, p.About(), "", "L", false)
	f.Ln(2)
	f.SetFont("atkinson", "B", normal)
	f.MultiCell(0, height, p.Stands(), "", "L", false)
	f.SetFont("atkinson", "", normal)
	f.MultiCell(0, height, p.Sums(), "", "L", false)
	if p.Note != "" {
		f.MultiCell(0, height, p.Note, "", "L", false)
	}
	f.Ln(3)
	if len(p.Lines) == 0 {
		f.MultiCell(0, height, p.Nothing(), "", "L", false)
	} else {
		f.MultiCell(0, height, p.Order(), "", "L", false)
		f.Ln(2)
		head(f, p.Columns())
		for _, l := range p.Lines {
			row(f, p.Columns(), []string{p.Reader.ShortDate(l.Day), l.Text(), l.For(), l.After()})
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

func head(f *fpdf.Fpdf, columns []string) {
	f.SetFont("atkinson", "B", normal)
	for i, c := range columns {
		f.CellFormat(widths[i], height+1, c, "B", 0, "L", false, 0, "")
	}
	f.Ln(-1)
	f.SetFont("atkinson", "", normal)
}

// row writes one row, its cells as high as the highest, never across two sheets.
func row(f *fpdf.Fpdf, columns, cells []string) {
	lines := make([][]string, len(cells))
	most := 1
	for i, c := range cells {
		lines[i] = f.SplitText(c, widths[i]-2)
		most = max(most, len(lines[i]))
	}
	_, sheet := f.GetPageSize()
	if f.GetY()+float64(most)*height+2 > sheet-margin-height {
		f.AddPage()
		head(f, columns)
	}
	top := f.GetY() + 1
	x := margin
	for i, width := range widths {
		for n, text := range lines[i] {
			f.SetXY(x, top+float64(n)*height)
			f.CellFormat(width, height, text, "", 0, "L", false, 0, "")
		}
		x += width
	}
	bottom := top + float64(most)*height + 1
	f.Line(margin, bottom, x, bottom)
	f.SetXY(margin, bottom)
}

// forSheets is ctx with a language that PDF can write, and whether it is another
// than the reader's own.
func forSheets(ctx context.Context) (context.Context, bool) {
	if words.Of(ctx).Direction() == "ltr" {
		return ctx, false
	}
	return words.With(ctx, words.English), true
}
