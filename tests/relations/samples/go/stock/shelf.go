package stock

type Shelf struct {
	first Priced
	rest  []*Parcel
}

func (s *Shelf) Put(p *Parcel) { s.rest = append(s.rest, p) }

func (s *Shelf) Each(act func(*Parcel)) {
	for _, p := range s.rest {
		act(p)
	}
}

func (s *Shelf) Total() float64 {
	total := s.first.Price()
	for _, p := range s.rest {
		total += p.Price()
	}
	return total
}

func Of(weights ...float64) *Shelf {
	shelf := &Shelf{first: New(0)}
	for _, weight := range weights {
		shelf.Put(New(weight))
	}
	return shelf
}
