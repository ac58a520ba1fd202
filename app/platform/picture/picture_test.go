package picture_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"

	"timebank/app/platform/fault"
	"timebank/app/platform/picture"
)

// corner is red in its first quarter, and blue elsewhere.
func corner(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{B: 255, A: 255}
			if x < w/2 && y < h/2 {
				c = color.RGBA{R: 255, A: 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// notes are a camera's: how it was held, and where.
func notes(way uint16) []byte {
	b := []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x02")
	for _, e := range []struct{ tag, kind, n, value uint16 }{{0x0112, 3, 1, way}, {0x8825, 4, 1, 38}} {
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, e.tag), e.kind)
		b = binary.BigEndian.AppendUint32(b, uint32(e.n))
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, e.value), 0)
	}
	return append(b, "\x00\x00\x00\x00GPS 51 deg 30 N, taken by Maria's phone"...)
}

func withNotes(t *testing.T, img image.Image, way uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	body := append([]byte("Exif\x00\x00"), notes(way)...)
	part := binary.BigEndian.AppendUint16([]byte("\xff\xe1"), uint16(len(body)+2))
	return append(append([]byte("\xff\xd8"), append(part, body...)...), b.Bytes()[2:]...)
}

func pngOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAPhotoIsSetUprightAndLosesItsNotes(t *testing.T) {
	t.Parallel()
	// Where the red quarter is once the photo is upright, by how the camera was held.
	for way, want := range map[uint16]string{1: "left top", 2: "right top", 3: "right bottom", 4: "left bottom", 5: "left top", 6: "right top", 7: "right bottom", 8: "left bottom", 9: "left top"} {
		raw := withNotes(t, corner(1600, 800), way)
		p, err := picture.Shrink(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		wantW, wantH := picture.LargeSide, picture.LargeSide/2
		if way >= 5 && way <= 8 {
			wantW, wantH = wantH, wantW
		}
		if p.Width != wantW || p.Height != wantH {
			t.Errorf("held as %d: %d × %d, want %d × %d", way, p.Width, p.Height, wantW, wantH)
		}
		for size, b := range map[string][]byte{"large": p.Large, "small": p.Small} {
			if bytes.Contains(b, []byte("GPS")) || bytes.Contains(b, []byte("Exif")) || bytes.Contains(b, []byte("Maria")) {
				t.Errorf("the %s one still has notes", size)
			}
			img, err := jpeg.Decode(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if got := redAt(img); got != want {
				t.Errorf("held as %d, the %s one: red is %s, want %s", way, size, got, want)
			}
		}
	}
}

func redAt(img image.Image) string {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	for name, at := range map[string]image.Point{"left top": {w / 4, h / 4}, "right top": {3 * w / 4, h / 4}, "left bottom": {w / 4, 3 * h / 4}, "right bottom": {3 * w / 4, 3 * h / 4}} {
		if r, _, b, _ := img.At(at.X, at.Y).RGBA(); r > 0xc000 && b < 0x4000 {
			return name
		}
	}
	return "nowhere"
}

func TestPNGAndWebPAreTakenToo(t *testing.T) {
	t.Parallel()
	plain := pngOf(t, corner(900, 300))
	chunk := append([]byte("eXIf"), notes(6)...)
	part := append(binary.BigEndian.AppendUint32(nil, uint32(len(chunk)-4)), chunk...)
	part = binary.BigEndian.AppendUint32(part, crc32.ChecksumIEEE(chunk))
	held := append(append(bytes.Clone(plain[:33]), part...), plain[33:]...)
	p, err := picture.Shrink(t.Context(), held)
	if err != nil || p.Width != 300 || p.Height != 900 {
		t.Errorf("a PNG with notes: %d × %d, %v", p.Width, p.Height, err)
	}
	// One green dot, as Google's own tools write it.
	webp := []byte("RIFF\x1e\x00\x00\x00WEBPVP8L\x11\x00\x00\x00\x2f\x00\x00\x00\x00\x07\x10\xfd\x8f\xfe\x07\x22\xa2\xff\x01\x00")
	if p, err := picture.Shrink(t.Context(), webp); err != nil || p.Width != 1 {
		t.Errorf("WebP: %v", err)
	}
	clear := image.NewNRGBA(image.Rect(0, 0, 10, 10))
	if p, err = picture.Shrink(t.Context(), pngOf(t, clear)); err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(p.Large))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, _, _ := img.At(5, 5).RGBA(); r < 0xf000 {
		t.Error("what is see-through is not white")
	}
}

// claim is a PNG that says it has so many dots, and has next to nothing.
func claim(t *testing.T, w, h uint32) []byte {
	t.Helper()
	raw := pngOf(t, corner(2, 2))
	binary.BigEndian.PutUint32(raw[16:], w)
	binary.BigEndian.PutUint32(raw[20:], h)
	binary.BigEndian.PutUint32(raw[29:], crc32.ChecksumIEEE(raw[12:29]))
	return raw
}

func TestWhatIsNoPhotoIsRefusedInWords(t *testing.T) {
	t.Parallel()
	whole := withNotes(t, corner(64, 64), 1)
	for name, c := range map[string]struct {
		raw  []byte
		want *fault.Error
	}{
		"nothing":           {nil, picture.ErrKind},
		"words":             {[]byte("Dear neighbours, I offer …"), picture.ErrKind},
		"a page":            {[]byte("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), picture.ErrKind},
		"a moving picture":  {[]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00"), picture.ErrKind},
		"half a photo":      {whole[:len(whole)/2], picture.ErrKind},
		"notes cut short":   {whole[:30], picture.ErrKind},
		"a phone's own":     {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), picture.ErrHEIC},
		"a bomb":            {claim(t, 60_000, 60_000), picture.ErrDots},
		"a bomb on its end": {claim(t, 1, 2_000_000_000), picture.ErrDots},
	} {
		if _, err := picture.Shrink(t.Context(), c.raw); fault.As(err) == nil || fault.As(err).Code != c.want.Code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever is sent, there is an answer.
func FuzzShrink(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x20Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff"))
	f.Add([]byte("RIFF\x1e\x00\x00\x00WEBPEXIF\xff\xff\xff\x7f"))
	f.Add([]byte("\x89PNG\r\n\x1a\n\xff\xff\xff\xffeXIf"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if p, err := picture.Shrink(t.Context(), raw); err == nil && (len(p.Large) == 0 || len(p.Small) == 0) {
			t.Error("a photo without a photo")
		}
	})
}
