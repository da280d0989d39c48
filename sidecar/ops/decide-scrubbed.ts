/** What takes the place of a word that named a person. */
const ERASED = "[erased]";
/** Letters and digits of any script; what stands between two of them is inside a word. */
const INSIDE = "[\\p{L}\\p{N}]";
/** Shorter words are in too many others. */
const WORD_LENGTH_MIN = 3;

/** A telephone number as people write it. */
const PHONE = /^[+0-9 ()./-]+$/;
const BETWEEN_DIGITS = "[ ()./-]*";
/** Digits that are the subscriber's in every way of writing a number; fewer are no number. */
const PHONE_DIGITS_MIN = 7;
const PHONE_DIGITS_MAX = 9;

/**
 * A text that people wrote, without the words that name a person: whole words only, in any case, the longest first, so
 * that "Ann Lee" goes before "Lee". A telephone number goes however it is written, with its country or without.
 */
export function scrubbed(text: string, words: readonly string[]): string {
  const distinct = [...new Set(words)].filter((word) => word.length >= WORD_LENGTH_MIN);
  if (distinct.length === 0) return text;
  const longestFirst = distinct.sort((a, b) => b.length - a.length).map(patternOf);
  const pattern = `(?<!${INSIDE})(?:${longestFirst.join("|")})(?!${INSIDE})`;
  return text.replace(new RegExp(pattern, "giu"), ERASED);
}

function patternOf(word: string): string {
  const digits = word.replace(/[^0-9]/g, "");
  if (!PHONE.test(word) || digits.length < PHONE_DIGITS_MIN) return escaped(word);
  const own = digits.slice(-PHONE_DIGITS_MAX).replace(/(?<=.)/g, BETWEEN_DIGITS);
  return `(?:[+0-9][+0-9 ()./-]*)?${own}`;
}

const escaped = (word: string): string => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
