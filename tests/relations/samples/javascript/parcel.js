'use strict';

function rounded(weight) {
  return Math.round(weight * 10) / 10;
}

class Parcel {
  constructor(weight) {
    this.weight = weight;
    this.notes = [];
  }

  price() {
    return this.base() * rounded(this.weight);
  }

  base() {
    return 2;
  }

  note(text) {
    this.notes.push(text);
    return this;
  }

  static empty() {
    return new Parcel(0);
  }
}

class Letter extends Parcel {
  constructor() {
    super(0.2);
  }

  base() {
    return super.base() / 4;
  }

  seal() {
    return this.note('sealed');
  }
}

module.exports = { Parcel, Letter, rounded };
