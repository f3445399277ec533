import { Parcel, type Priced } from "./parcel";

export class Shelf {
  private rest: Parcel[] = [];

  constructor(private first: Priced) {}

  put(parcel: Parcel): this {
    this.rest.push(parcel);
    return this;
  }

  each(act: (parcel: Parcel) => void): void {
    for (const parcel of this.rest) act(parcel);
  }

  total(): number {
    let sum = this.first.price();
    for (const parcel of this.rest) sum += parcel.price();
    return sum;
  }
}

export const shelfOf = (...weights: number[]): Shelf => {
  const shelf = new Shelf(Parcel.empty());
  for (const weight of weights) shelf.put(new Parcel(weight));
  return shelf;
};
