package stock

import "strings"

type Priced interface {
	Price() float64
}

type Parcel struct {
	Weight float64
	notes  []string
}

func New(weight float64) *Parcel {
	return &Parcel{Weight: weight}
}

func (p *Parcel) Price() float64 {
	return p.base() * rounded(p.Weight)
}

func (p *Parcel) base() float64 { return 2 }

func (p *Parcel) Note(text string) *Parcel {
	p.notes = append(p.notes, strings.TrimSpace(text))
	return p
}

type Letter struct {
	*Parcel
	Sealed bool
}

func NewLetter() (*Letter, error) {
	return &Letter{Parcel: New(0.2)}, nil
}

func (l *Letter) Seal() { l.Sealed = true }

func rounded(weight float64) float64 { return float64(int(weight*10)) / 10 }
