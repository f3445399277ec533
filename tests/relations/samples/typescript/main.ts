import { Envelope, Parcel, Shelf, shelfOf } from "./index";
import Post, { rounded } from "./parcel";

function announce(parcel: Parcel): void {
  console.log(parcel.price());
}

async function load(): Promise<Shelf> {
  return shelfOf(1, 25);
}

export async function main(): Promise<number> {
  const shelf = await load();
  const letter = new Envelope(0.2).seal();
  shelf.put(letter).put(new Post(0.3));
  shelf.each(announce);
  const { total } = { total: () => shelf.total() };
  return rounded(total());
}
