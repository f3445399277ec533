package main

import (
	"fmt"

	boxes "depot/stock"
)

func announce(p *boxes.Parcel) {
	fmt.Println(p.Price())
}

func plan() *boxes.Shelf {
	shelf := boxes.Of(1, 25)
	letter, err := boxes.NewLetter()
	if err != nil {
		panic(err)
	}
	letter.Seal()
	letter.Note("sealed").Price()
	shelf.Put(letter.Parcel)
	shelf.Each(announce)
	return shelf
}

func main() {
	shelves := map[string]*boxes.Shelf{"a": plan()}
	for _, shelf := range shelves {
		fmt.Println(shelf.Total())
	}
	func() { announce(boxes.New(3)) }()
}
