import makeShelf from './shelf.js';
import { Letter, rounded as round } from './parcel.js';
import * as parcels from './parcel.js';

export function announce(parcel) {
  console.log(round(parcel.weight));
}

const plan = () => {
  const shelf = makeShelf(1, 25);
  const letter = new Letter();
  shelf.put(letter.seal()).put(new parcels.Parcel(3));
  shelf.each(announce);
  return shelf;
};

export default function main() {
  const shelf = plan();
  announce(parcels.Parcel.empty());
  return shelf;
}

main();
