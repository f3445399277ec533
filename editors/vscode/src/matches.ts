// Which words of a text are those of the question.

export type Highlights = [start: number, end: number][];

const WORDS = /[\p{L}\p{M}\p{N}]+/gu;
/** A word of a name: `failedUploads` and `FAILED_UPLOADS` have two each. */
const PIECES = /\p{Lu}?[\p{Ll}\p{Lo}\p{Lm}\p{M}]+|\p{Lu}+(?!\p{Ll})|\p{N}+/gu;
const OPERATOR = /(?:^|\s)-?(?:kind|lang|language|path|in):\S*/gi;
const COMMON = new Set(
  "and are but can code did does for from has have how into not that the their them then there these they this was what when where which while who why will with would you your".split(
    " ",
  ),
);

/** What is the same in "retry", "retries" and "retried"; it is for display alone, so a rough one will do. */
function stem(word: string): string {
  let short = word.toLowerCase();
  for (const ending of ["s", "ing", "ed", "e"]) {
    if (short.endsWith(ending) && short.length - ending.length >= 3) {
      short = short.slice(0, -ending.length);
    }
  }
  return short.replace(/(?:i|ie|y)$/, "i");
}

function pieces(text: string): { start: number; word: string }[] {
  return [...text.matchAll(WORDS)].flatMap((match) =>
    [...match[0].matchAll(PIECES)].map((piece) => ({ start: match.index + piece.index, word: piece[0] })),
  );
}

/** The words of a question that are worth showing in what it found. */
export function wanted(question: string): Set<string> {
  const words = pieces(question.replace(OPERATOR, " ")).map(({ word }) => word);
  return new Set(words.filter((word) => word.length > 2 && !COMMON.has(word.toLowerCase())).map(stem));
}

/** Where a text has words of the question, whatever their endings. */
export function highlights(text: string, words: Set<string>): Highlights {
  return pieces(text)
    .filter(({ word }) => words.has(stem(word)))
    .map(({ start, word }) => [start, start + word.length]);
}
