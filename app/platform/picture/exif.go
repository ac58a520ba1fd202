package picture

import (
	"bytes"
	"encoding/binary"
)

// orientation is how the camera was held, 1 to 8, as the photo's own notes have it;
// 1, upright, when they do not say. All else in the notes is left unread.
func orientation(raw []byte) int {
	notes := exif(raw)
	notes = bytes.TrimPrefix(notes, []byte("Exif\x00\x00"))
	if len(notes) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(notes[:2]) == "MM" {
		order = binary.BigEndian
	}
	first := int64(order.Uint32(notes[4:]))
	if first+2 > int64(len(notes)) {
		return 1
	}
	entries := notes[first+2:]
	for range order.Uint16(notes[first:]) {
		if len(entries) < 12 {
			break
		}
		if order.Uint16(entries) == 0x0112 {
			if way := int(order.Uint16(entries[8:])); way >= 1 && way <= 8 {
				return way
			}
			break
		}
		entries = entries[12:]
	}
	return 1
}

// exif finds the camera's notes in a JPEG, PNG or WebP.
func exif(raw []byte) []byte {
	switch {
	case bytes.HasPrefix(raw, []byte("\xff\xd8")):
		for raw = raw[2:]; len(raw) >= 4 && raw[0] == 0xff && raw[1] != 0xda; {
			size := int(binary.BigEndian.Uint16(raw[2:])) + 2
			if size < 4 || size > len(raw) {
				return nil
			}
			if raw[1] == 0xe1 && bytes.HasPrefix(raw[4:size], []byte("Exif\x00\x00")) {
				return raw[4:size]
			}
			raw = raw[size:]
		}
	case bytes.HasPrefix(raw, []byte("\x89PNG\r\n\x1a\n")):
		return chunk(raw[8:], "eXIf", 0, binary.BigEndian.Uint32)
	case bytes.HasPrefix(raw, []byte("RIFF")) && len(raw) > 12:
		return chunk(raw[12:], "EXIF", 4, binary.LittleEndian.Uint32)
	}
	return nil
}

// chunk walks a file of parts that each have a size and a name of four letters,
// the size first or, at 4, the name.
func chunk(raw []byte, name string, sizeAt int, size func([]byte) uint32) []byte {
	after := 4 // PNG: a check sum
	for len(raw) >= 8 {
		n := int64(size(raw[sizeAt:]))
		if sizeAt == 4 {
			after = int(n & 1) // WebP: parts are of even length
		}
		if n+8 > int64(len(raw)) {
			return nil
		}
		if string(raw[4-sizeAt:8-sizeAt]) == name {
			return raw[8 : 8+n]
		}
		raw = raw[min(int64(len(raw)), 8+n+int64(after)):]
	}
	return nil
}
