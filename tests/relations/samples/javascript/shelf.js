'use strict';

const { Parcel } = require('./parcel');

class Shelf {
  constructor(first) {
    /** @type {Parcel} */
    this.first = first;
    /** @type {Parcel[]} */
    this.rest = [];
  }

  put(parcel) {
    this.rest.push(parcel);
    return this;
  }

  each(act) {
    this.rest.forEach((parcel) => act(parcel));
  }
}

module.exports = function shelfOf(...weights) {
  const shelf = new Shelf(Parcel.empty());
  for (const weight of weights) {
    shelf.put(new Parcel(weight));
  }
  return shelf;
};
