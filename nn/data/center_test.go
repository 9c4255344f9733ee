package data

import (
	"bytes"
	"testing"
)

// drawing is a w x h sheet with ink in [x0,x1) x [y0,y1).
func drawing(w, h, x0, y0, x1, y1 int, ink byte) []byte {
	gray := make([]byte, w*h)
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			gray[y*w+x] = ink
		}
	}
	return gray
}

// extent is the box of non-zero pixels.
func extent(digit [784]byte) (x0, y0, x1, y1 int) {
	x0, y0 = DigitSide, DigitSide
	for i, v := range digit {
		if v > 0 {
			x, y := i%DigitSide, i/DigitSide
			x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x+1), max(y1, y+1)
		}
	}
	return
}

func TestCenterDigitFitsTheBox(t *testing.T) {
	for _, test := range []struct {
		name           string
		gray           []byte
		w, h           int
		x0, y0, x1, y1 int
	}{
		{"a square anywhere becomes 20x20", drawing(280, 280, 3, 7, 103, 107, 255), 280, 280, 4, 4, 24, 24},
		{"a bar keeps its aspect", drawing(200, 200, 150, 20, 170, 120, 255), 200, 200, 12, 4, 16, 24},
		{"lying", drawing(300, 100, 0, 50, 300, 80, 255), 300, 100, 4, 13, 24, 15},
		{"a dot is blown up", drawing(10, 10, 9, 9, 10, 10, 255), 10, 10, 4, 4, 24, 24},
		{"full sheet, not square", drawing(40, 80, 0, 0, 40, 80, 255), 40, 80, 9, 4, 19, 24},
	} {
		x0, y0, x1, y1 := extent(CenterDigit(test.gray, test.w, test.h))
		if x0 != test.x0 || y0 != test.y0 || x1 != test.x1 || y1 != test.y1 {
			t.Errorf("%s: ink from (%d, %d) to (%d, %d), want (%d, %d) to (%d, %d)", test.name, x0, y0, x1, y1, test.x0, test.y0, test.x1, test.y1)
		}
	}
}

// The pixels of a 2:1 reduction are means of four, worked out by hand: the box is 40 wide, the weights whole.
func TestCenterDigitAverages(t *testing.T) {
	gray := drawing(40, 40, 0, 0, 40, 40, 200)
	gray[0], gray[1], gray[40], gray[41] = 200, 0, 100, 100 // mean 100, half of the peak
	digit := CenterDigit(gray, 40, 40)
	if got := digit[4*DigitSide+4]; got != 128 {
		t.Errorf("corner is %d, want 128: half of the stretched peak", got)
	}
	if got := digit[5*DigitSide+5]; got != 255 {
		t.Errorf("full ink is %d, want 255", got)
	}
}

// A digit that MNIST's own procedure has made stays as it is.
func TestCenterDigitOnADigit(t *testing.T) {
	gray := drawing(100, 100, 30, 10, 50, 90, 255)
	for i := range 60 {
		gray[(20+i)*100+50+i/2] = 255
	}
	once := CenterDigit(gray, 100, 100)
	again := CenterDigit(once[:], DigitSide, DigitSide)
	if again != once {
		t.Errorf("twice differs from once")
	}
}

func TestCenterDigitMass(t *testing.T) {
	// An L: its centre of mass is far from its box's centre.
	gray := drawing(120, 120, 10, 10, 30, 110, 255)
	for i, v := range drawing(120, 120, 10, 90, 110, 110, 255) {
		gray[i] |= v
	}
	digit := CenterDigit(gray, 120, 120)
	var mass, mx, my float64
	for i, v := range digit {
		mass += float64(v)
		mx += float64(v) * float64(i%DigitSide)
		my += float64(v) * float64(i/DigitSide)
	}
	if mx, my := mx/mass, my/mass; mx < 13.5 || mx > 14.5 || my < 13.5 || my > 14.5 {
		t.Errorf("centre of mass (%.2f, %.2f), want (14, 14) within half a pixel", mx, my)
	}
}

func TestCenterDigitStaysInTheField(t *testing.T) {
	// Nearly all mass in one corner, a hair reaching far: the 20x20 box would leave the field.
	for _, corner := range [][2]int{{0, 0}, {60, 0}, {0, 60}, {60, 60}} {
		gray := drawing(100, 100, corner[0], corner[1], corner[0]+40, corner[1]+40, 255)
		for i := range 100 {
			gray[i*100+i], gray[i*100+99-i] = 255, 255
		}
		digit := CenterDigit(gray, 100, 100)
		if x0, y0, x1, y1 := extent(digit); x1-x0 != 20 || y1-y0 != 20 {
			t.Errorf("corner %v: ink from (%d, %d) to (%d, %d), want 20x20", corner, x0, y0, x1, y1)
		}
	}
}

func TestCenterDigitBlank(t *testing.T) {
	if CenterDigit(make([]byte, 28*28), 28, 28) != [784]byte{} || CenterDigit(nil, 0, 10) != [784]byte{} {
		t.Error("a blank drawing is not blank")
	}
	// Faint smudges far off do not shrink the digit.
	gray := drawing(100, 100, 40, 40, 60, 60, 255)
	clean := CenterDigit(gray, 100, 100)
	gray[0], gray[99*100+99] = 20, 31
	if got := CenterDigit(gray, 100, 100); !bytes.Equal(got[:], clean[:]) {
		t.Error("smudges below an eighth of the peak moved the digit")
	}
	defer func() {
		if recover() == nil {
			t.Error("99 bytes for 10x10 did not panic")
		}
	}()
	CenterDigit(make([]byte, 99), 10, 10)
}

// Whatever is drawn: blank stays blank, ink peaks at 255 and fits 20x20.
func FuzzCenterDigit(f *testing.F) {
	f.Add(uint8(3), []byte("abcdefghi"))
	f.Add(uint8(28), make([]byte, 28*28))
	f.Add(uint8(1), []byte{0, 255, 0, 0, 1})
	f.Fuzz(func(t *testing.T, width uint8, gray []byte) {
		w := int(width)
		if w == 0 {
			return
		}
		h := len(gray) / w
		gray = gray[:w*h]
		digit := CenterDigit(gray, w, h)
		peak, drawn := byte(0), byte(0)
		for _, v := range gray {
			drawn = max(drawn, v)
		}
		for _, v := range digit {
			peak = max(peak, v)
		}
		if drawn == 0 {
			if digit != [784]byte{} {
				t.Fatal("a blank drawing is not blank")
			}
			return
		}
		x0, y0, x1, y1 := extent(digit)
		if longer := max(x1-x0, y1-y0); peak != 255 || longer > 20 || longer < 1 {
			t.Fatalf("peak %d, ink from (%d, %d) to (%d, %d)", peak, x0, y0, x1, y1)
		}
	})
}
