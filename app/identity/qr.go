package identity

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// QR is a QR code as an SVG path of unit squares, so that a page can draw it
// without a script, a picture from elsewhere or an inline style.
type QR struct {
	Size int    `json:"size" doc:"Squares on each side, with the quiet zone"`
	Path string `json:"path" doc:"The d of an SVG path within 0 0 size size"`
}

// quiet is the empty border that readers need (ISO/IEC 18004).
const quiet = 4

// drawQR makes the fewest squares: a screen is not torn or stained.
func drawQR(text string) (QR, error) {
	code, err := qr.Encode(text, qr.L, qr.Auto)
	if err != nil {
		return QR{}, fmt.Errorf("draw QR code: %w", err)
	}
	side := code.Bounds().Dx()
	var path strings.Builder
	for y := range side {
		for x := 0; x < side; x++ {
			begin := x
			for x < side && dark(code.At(x, y).RGBA()) {
				x++
			}
			if n := x - begin; n > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", begin+quiet, y+quiet, n, n)
			}
		}
	}
	return QR{side + 2*quiet, path.String()}, nil
}

func dark(r, _, _, _ uint32) bool { return r < 0x8000 }
