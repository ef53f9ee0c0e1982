import { type Issue, moreIssues } from './issue.ts';

/** The number of warnings that are listed; others are counted. */
const MAX_LISTED = 100;

/** The longest scalar that is examined, in characters. */
const MAX_SOURCE = 64;

/** Words that YAML 1.1 reads as true or false, and YAML 1.2 as text. */
const TRUE = /^(?:y|yes|on)$/i;
const FALSE = /^(?:n|no|off)$/i;

/** Numbers of YAML 1.1 that YAML 1.2 reads as text: with underscores, in base 2, and in base 60, such as `12:30`. */
const GROUPED = /^[-+]?(?:\d[\d_]*(?:\.[\d_]*)?|0b[01_]+|0x[\da-f_]+)$/i;
const SEXAGESIMAL = /^[-+]?[1-9][\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/;

/** Integers with a zero in front: octal in YAML 1.1, or text if a digit is not octal. */
const ZERO_IN_FRONT = /^[-+]?0\d+$/;

/** Collects the plain scalars of one document, or of several that are read together, that YAML 1.1 reads differently. */
export class Ambiguities {
  /** The pointer of the document that is being read. */
  base = '';
  readonly #listed: Issue[] = [];
  #more = 0;

  /** Notes a plain scalar if it is ambiguous; `pointer` gives its place in the document. */
  examine(source: string, pointer: () => string): void {
    const message = source.length > MAX_SOURCE ? null : ambiguityOf(source);
    if (message === null) return;
    if (this.#listed.length === MAX_LISTED) this.#more += 1;
    else this.#listed.push({ code: 'yaml_ambiguous', path: this.base + pointer(), message });
  }

  /** Returns the first 100 warnings, and one with the number of the others. */
  warnings(): Issue[] {
    return this.#more === 0 ? [...this.#listed] : [...this.#listed, moreIssues(this.#more)];
  }
}

/**
 * Returns a warning about a plain scalar that YAML 1.1 reads differently: both meanings, and what to write for each. Null when both
 * versions read the same, and for times and dates, which are text here.
 */
function ambiguityOf(source: string): string | null {
  if (TRUE.test(source)) return isText(source, 'true');
  if (FALSE.test(source)) return isText(source, 'false');
  if (ZERO_IN_FRONT.test(source)) return octalAmbiguity(source);
  if (SEXAGESIMAL.test(source)) return isText(source, numberText(sexagesimal(source)));
  if (!GROUPED.test(source) || !(source.includes('_') || /^[-+]?0b/i.test(source))) return null;
  const sign = source.startsWith('-') ? '-' : '';
  const digits = source.replace(/^[-+]/, '').replaceAll('_', '');
  return isText(source, numberText(Number(`${sign}1`) * Number(/^0\d/.test(digits) ? `0o${digits}` : digits)));
}

function isText(source: string, meant: string | null): string {
  const quoted = JSON.stringify(source);
  return `is the text ${quoted}; write ${meant === null ? '' : `${meant} or `}${quoted}`;
}

/** Returns a number with a zero in front, unless it is the same in base 8 and 10. */
function octalAmbiguity(source: string): string | null {
  const sign = source.startsWith('-') ? '-' : '';
  const digits = source.replace(/^[-+]?0+(?=\d)/, '');
  if (/^[0-7]$/.test(digits)) return null;
  const octal = /[89]/.test(digits) || sign !== '' ? '' : `, 0o${digits}`;
  return `is the number ${sign}${digits}; write ${sign}${digits}${octal} or ${JSON.stringify(source)}`;
}

function sexagesimal(source: string): number {
  const value = source
    .replace(/^[-+]/, '')
    .replaceAll('_', '')
    .split(':')
    .reduce((total, part) => total * 60 + Number(part), 0);
  return source.startsWith('-') ? -value : value;
}

/** Returns a number as JSON writes it; null: it is not exact. */
function numberText(value: number): string | null {
  return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? String(value) : null;
}
