import type { Answer } from './answers.ts';

/** An intended difference from Jinja2, described in docs/expressions.md. */
interface Deviation {
  says: string;
  applies(template: string, theirs: Answer, ours: Answer): boolean;
}

const refuses = (ours: Answer, words: RegExp): boolean => 'error' in ours && words.test(ours.error);
const reversed = (answer: Answer): Answer =>
  'text' in answer ? { text: [...answer.text].reverse().join('') } : answer;
const puts = (theirs: Answer, words: RegExp): boolean => 'text' in theirs && words.test(theirs.text);

/** Returns the letters of a text in sorted order and lower case. */
const lettersOf = (text: string): string => [...text.replaceAll(/\s/g, '').toLowerCase()].sort().join('');

const asFermata = (text: string): string =>
  text.replaceAll('ǅ', 'Ǆ').replaceAll('ς', 'σ').replaceAll('\\u01c5', '\\u01c4').replaceAll('\\u03c2', '\\u03c3');

/** A text with its fractions to fourteen digits. */
const rounded = (text: string): string =>
  text.replaceAll(/\d+\.\d+(e[-+]\d+)?/g, (number) => Number(number).toPrecision(14));

/** Every difference from Jinja2 that random templates show. */
export const DEVIATIONS: readonly Deviation[] = [
  {
    says: 'Integers beyond 2^53 are an error, never a wrong number.',
    applies: (_, __, ours) => refuses(ours, /beyond 2\^53/),
  },
  {
    says: 'No number is infinite or complex: where Python has `inf`, `nan` or `1j`, there is an error.',
    applies: (template, theirs, ours) =>
      refuses(ours, /the number is too large/) && (puts(theirs, /inf|nan|\dj/i) || template.includes('**')),
  },
  {
    says: '`-0.0` is spelt `0.0`.',
    applies: (_, theirs, ours) =>
      'text' in theirs && 'text' in ours && theirs.text.replaceAll('-0.0', '0.0') === ours.text,
  },
  {
    says: 'A power of fractions may differ in its last digit.',
    applies: (template, theirs, ours) =>
      template.includes('**') && 'text' in theirs && 'text' in ours && rounded(theirs.text) === rounded(ours.text),
  },
  {
    says: 'A value that does not exist cannot be written as text, not even inside a list; Jinja2 writes `Undefined` there.',
    applies: (template, theirs, ours) =>
      'text' in theirs &&
      'error' in ours &&
      (puts(theirs, /undefined/i) ||
        puts(reversed(theirs), /undefined/i) ||
        /%(\(a\))?[-+ #0-9.]*[ra]|![ra]|is (not )?(upper|lower)|'(upper|lower)'|pprint/.test(template)),
  },
  {
    says: 'A condition without `else` gives null where it is the whole template, nothing within text, and is an error where it is used.',
    applies: (_, theirs, ours) => 'text' in theirs && refuses(ours, /the condition is false, and there is no else/),
  },
  {
    says: '`pprint` writes one line, with keys in their order.',
    applies: (template, theirs, ours) =>
      template.includes('pprint') &&
      'text' in theirs &&
      'text' in ours &&
      lettersOf(theirs.text) === lettersOf(ours.text),
  },
  {
    says: '`is callable` is false of what does not exist.',
    applies: (template, theirs, ours) => template.includes('callable') && 'text' in theirs && 'text' in ours,
  },
  {
    says: '`title` and `capitalize` make `Ǆ` of `ǆ`, where Python has `ǅ`, and `swapcase` makes `σ` of every `Σ`.',
    applies: (_, theirs, ours) =>
      'text' in theirs &&
      'text' in ours &&
      asFermata(theirs.text) === asFermata(ours.text) &&
      /[ǅς]|u01c5|u03c2/.test(theirs.text),
  },
  {
    says: '`range`, `keys`, `values` and `items` give lists, and a tuple has `copy`.',
    applies: (template, theirs) =>
      template.includes('.copy()') && 'error' in theirs && theirs.error === 'UndefinedError',
  },
  {
    says: 'Filters give lists where Jinja2 gives iterators.',
    applies: (_, theirs, ours) => puts(theirs, / object (\w+ )?at 0x/i) && 'text' in ours,
  },
  {
    says: '`unique` compares lists and dictionaries too, which Jinja2 refuses.',
    applies: (template, theirs) => template.includes('unique') && 'error' in theirs && theirs.error === 'TypeError',
  },
];

/** Returns the intended difference that two answers show; null: it is not an intended one. */
export function findDeviation(template: string, theirs: Answer, ours: Answer): string | null {
  return DEVIATIONS.find(({ applies }) => applies(template, theirs, ours))?.says ?? null;
}
