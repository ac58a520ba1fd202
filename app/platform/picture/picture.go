// Package picture turns a photo that somebody sends into one that can be kept and
// shown: no larger than a screen needs, the right way up, and with nothing in it
// but what is seen. Where and when it was taken, and with what, is not carried over:
// the photo is painted anew.
//
// What is sent is not trusted. How many dots it claims to have is read from its
// head, before anything of that size is made, and few are opened at a time.
package picture

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png" // a form that photos come in

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // another

	"timebank/app/platform/fault"
)

// The longer side, in dots, of what is kept.
const (
	LargeSide = 1280
	SmallSide = 400
)

// maxDots a photo may have: that of a phone of today. Opening one takes up to 200
// MB for a moment.
const maxDots = 25_000_000

// atOnce is how many photos are opened at a time; others wait.
var atOnce = make(chan struct{}, 2)

var (
	// ErrKind refuses what is no photo that can be opened.
	ErrKind = fault.New(fault.Invalid, "no-photo", "We cannot open this as a photo. Please choose a JPEG, PNG or WebP picture.")
	// ErrHEIC refuses the form in which iPhones keep photos for themselves.
	ErrHEIC = fault.New(fault.Invalid, "photo-heic", "We cannot open HEIC photos. Please send the photo from your phone, or send a picture of the screen.")
	// ErrDots refuses a photo of too many dots.
	ErrDots = fault.New(fault.Invalid, "photo-too-many-dots", "This photo is too large for us to open. Please choose a smaller one, or send a picture of the screen.")
)

// Picture is a photo in two sizes, each a JPEG.
type Picture struct {
	Large, Small  []byte
	Width, Height int // of the large one, in dots
}

// Shrink opens what was sent and paints it anew in both sizes. What is see-through
// becomes white. Refuses with ErrKind, ErrHEIC and ErrDots.
func Shrink(ctx context.Context, raw []byte) (Picture, error) {
	select {
	case atOnce <- struct{}{}:
		defer func() { <-atOnce }()
	case <-ctx.Done():
		return Picture{}, ctx.Err()
	}
	head, _, err := image.DecodeConfig(bytes.NewReader(raw))
	switch {
	case err != nil && heic(raw):
		return Picture{}, ErrHEIC
	case err != nil || head.Width < 1 || head.Height < 1:
		return Picture{}, ErrKind
	case int64(head.Width)*int64(head.Height) > maxDots:
		return Picture{}, ErrDots
	}
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return Picture{}, ErrKind
	}
	large := turned(fit(img, LargeSide), orientation(raw))
	out := Picture{Width: large.Rect.Dx(), Height: large.Rect.Dy()}
	if out.Large, err = encode(large, 82); err != nil {
		return Picture{}, err
	}
	out.Small, err = encode(fit(large, SmallSide), 75)
	return out, err
}

// heic tells the forms that phones use and nothing here opens, by their first words.
func heic(raw []byte) bool {
	if len(raw) < 12 || string(raw[4:8]) != "ftyp" {
		return false
	}
	switch string(raw[8:12]) {
	case "heic", "heix", "hevc", "heim", "heis", "mif1", "msf1", "avif":
		return true
	}
	return false
}

// fit scales an image down until its longer side has at most so many dots. It is
// halved as often as that goes, each time the mean of four dots, so that nothing
// flickers and little memory is needed.
func fit(img image.Image, side int) *image.RGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	for max(w, h) >= 2*side {
		w, h = max(1, w/2), max(1, h/2)
		img = scaled(img, w, h)
	}
	if longer := max(w, h); longer > side {
		w, h = max(1, w*side/longer), max(1, h*side/longer)
	}
	return scaled(img, w, h)
}

func scaled(img image.Image, w, h int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(out, out.Rect, img, img.Bounds(), draw.Over, nil)
	return out
}

// turned sets an image upright, by the eight ways in which a camera can be held.
func turned(img *image.RGBA, way int) *image.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	at := map[int]func(x, y int) (int, int){
		2: func(x, y int) (int, int) { return w - 1 - x, y },
		3: func(x, y int) (int, int) { return w - 1 - x, h - 1 - y },
		4: func(x, y int) (int, int) { return x, h - 1 - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return y, h - 1 - x },
		7: func(x, y int) (int, int) { return w - 1 - y, h - 1 - x },
		8: func(x, y int) (int, int) { return w - 1 - y, x },
	}[way]
	if at == nil {
		return img
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if way >= 5 { // on its side
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			fx, fy := at(x, y)
			out.SetRGBA(x, y, img.RGBAAt(fx, fy))
		}
	}
	return out
}

func encode(img image.Image, quality int) ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("write photo: %w", err)
	}
	return b.Bytes(), nil
}
