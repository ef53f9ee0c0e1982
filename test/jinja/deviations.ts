import type { Answer } from './answers.ts';

/** An intended difference from Jinja2, described in docs/expressions.md. */
interface Deviation {
  says: string;
  applies(template: string, theirs: Answer, ours: Answer): boolean;
}

const refuses = (ours: Answer, words: RegExp): boolean => 'error' in ours && words.test(ours.error);
const puts = (theirs: Answer, words: RegExp): boolean => 'text' in theirs && words.test(theirs.text);

/** Every difference from Jinja2 that random templates show. */
export const DEVIATIONS: readonly Deviation[] = [
  {
    says: 'Integers beyond 2^53 are an error, never a wrong number.',
    applies: (_, __, ours) => refuses(ours, /beyond 2\^53/),
  },
  {
    says: 'No number is infinite or complex: where Python has `inf`, `nan` or `1j`, there is an error.',
    applies: (_, theirs, ours) => refuses(ours, /the number is too large/) && puts(theirs, /inf|nan|\dj/i),
  },
  {
    says: '`-0.0` is spelt `0.0`.',
    applies: (_, theirs, ours) =>
      'text' in theirs && 'text' in ours && theirs.text.replaceAll('-0.0', '0.0') === ours.text,
  },
  {
    says: 'What does not exist has no text, in a list neither; Jinja2 writes `Undefined` there.',
    applies: (template, theirs, ours) =>
      'text' in theirs &&
      'error' in ours &&
      (puts(theirs, /undefined/i) || /%(\(a\))?[ra]|![ra]|is (not )?(upper|lower)|pprint/.test(template)),
  },
  {
    says: 'Filters give lists where Jinja2 gives iterators.',
    applies: (_, theirs, ours) => puts(theirs, / object at 0x/i) && 'text' in ours,
  },
  {
    says: '`unique` compares lists and dictionaries too, which Jinja2 refuses.',
    applies: (template, theirs) => template.includes('unique') && 'error' in theirs && theirs.error === 'TypeError',
  },
];

/** Returns the intended difference that two answers show; null: it is not an intended one. */
export function deviationOf(template: string, theirs: Answer, ours: Answer): string | null {
  return DEVIATIONS.find(({ applies }) => applies(template, theirs, ours))?.says ?? null;
}
