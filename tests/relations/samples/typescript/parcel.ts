export interface Priced {
  price(): number;
}

export function rounded(weight: number): number {
  return Math.round(weight * 10) / 10;
}

export class Parcel implements Priced {
  private notes: string[] = [];

  constructor(protected weight: number) {}

  price(): number {
    return this.base() * rounded(this.weight);
  }

  protected base(): number {
    return 2;
  }

  note(text: string): this {
    this.notes.push(text);
    return this;
  }

  static empty(): Parcel {
    return new Parcel(0);
  }
}

export default class Letter extends Parcel {
  protected base(): number {
    return super.base() / 4;
  }

  seal(): Letter {
    return this.note("sealed");
  }
}
