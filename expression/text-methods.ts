import { integer, text } from './arguments.ts';
import { formatBraces } from './brace-format.ts';
import type { Budget } from './budget.ts';
import { countPoints, findUnit } from './code-points.ts';
import { type Operation, operation } from './environment.ts';
import { typeError } from './errors.ts';
import { iterate, truthy } from './iteration.ts';
import { Search, splitAt } from './search.ts';
import { capitalize, isSpace, pad, replaceText, splitFromEnd, splitLines, splitText, strip } from './text-edits.ts';
import { defined, Tuple, type Value } from './values.ts';

/** Creates a method of text; one unit of work pays for `perWork` characters. */
const onText = (perWork: number, run: (value: string) => Value): Operation =>
  operation('', (value, _, { budget }) => {
    budget.work((value as string).length / perWork);
    return run(value as string);
  });
const has = (pattern: RegExp): Operation => onText(16, (value) => pattern.test(value));
const given = (value: Value | undefined): string | null => (value === undefined || value === null ? null : text(value));

/**
 * Returns the part of a text between two positions, which count from the end when negative, and where it begins, or null behind the end.
 */
function between(value: string, from: Value | undefined, to: Value | undefined, budget: Budget) {
  if (from === undefined && to === undefined) return { part: value, offset: 0 };
  budget.work(value.length / 32);
  const length = countPoints(value);
  const place = (position: number) => (position < 0 ? Math.max(0, length + position) : position);
  const [start, end] = [place(integer(from ?? undefined, 0)), place(integer(to ?? undefined, length))];
  const part = start > length || end < start ? null : value.slice(findUnit(value, start), findUnit(value, end));
  return { part, offset: start };
}

const startsOrEnds = (check: (value: string, part: string) => boolean): Operation =>
  operation('part! start end /', (value, [part = '', from, to], { budget }) => {
    const parts = part instanceof Tuple ? part.items : [part];
    const within = between(value as string, from, to, budget).part;
    return parts.some((one) => {
      budget.work(1 + text(one).length / 64);
      return within !== null && check(within, text(one));
    });
  });
const stripped = (start: boolean, end: boolean): Operation =>
  operation('chars /', (value, [chars], { budget }) => strip(value as string, given(chars), start, end, budget));
const padded = (at: 'start' | 'end' | 'both'): Operation =>
  operation('width! fillchar /', (value, [width, fill], { budget }) =>
    pad(value as string, integer(width, 0), text(fill, ' '), at, budget),
  );
const found = (last: boolean, must: boolean): Operation =>
  operation('part! start end /', (value, [part, from, to], { budget }) => {
    const { part: within, offset } = between(value as string, from, to, budget);
    const search = new Search(within ?? '', text(part), budget);
    const index = within === null ? -1 : last ? search.last() : search.first();
    if (index === -1 && must) throw typeError('the text does not have that part');
    if (index === -1) return -1;
    budget.work(index / 64);
    return offset + countPoints(within!, index);
  });
const partition = (last: boolean): Operation =>
  operation('sep! /', (value, [separator], { budget }) => {
    const source = value as string;
    const part = text(separator);
    if (part === '') throw typeError('the separator is empty');
    const search = new Search(source, part, budget);
    const index = last ? search.last() : search.first();
    if (index === -1) return new Tuple(last ? ['', '', source] : [source, '', '']);
    return new Tuple([source.slice(0, index), part, source.slice(index + part.length)]);
  });
const cased =
  (pattern: RegExp): ((value: string) => boolean) =>
  (value) =>
    /\p{Cased}/u.test(value) && !pattern.test(value);

/** Methods of text. */
export const TEXT_METHODS: Readonly<Record<string, Operation>> = {
  upper: onText(64, (value) => value.toUpperCase()),
  lower: onText(64, (value) => value.toLowerCase()),
  // Lower case of the upper case, with a final sigma as a sigma.
  casefold: onText(32, (value) => value.replaceAll('ß', 'ss').toLowerCase().replaceAll('ς', 'σ')),
  title: onText(4, (value) => value.replace(/\p{Cased}+/gu, capitalize)),
  capitalize: onText(64, capitalize),
  swapcase: onText(4, (value) =>
    [...value].map((one) => (/\p{Lu}|\p{Lt}/u.test(one) ? one.toLowerCase() : one.toUpperCase())).join(''),
  ),
  strip: stripped(true, true),
  lstrip: stripped(true, false),
  rstrip: stripped(false, true),
  split: operation('sep maxsplit', (value, [separator, most], { budget }) =>
    splitText(value as string, given(separator), integer(most, -1), budget),
  ),
  rsplit: operation('sep maxsplit', (value, [separator, most], { budget }) =>
    splitFromEnd(value as string, given(separator), integer(most, -1), budget),
  ),
  splitlines: operation('keepends', (value, [keep], { budget }) => {
    budget.work((value as string).length / 8);
    return splitLines(value as string, keep !== undefined && truthy(keep, budget));
  }),
  partition: partition(false),
  rpartition: partition(true),
  startswith: startsOrEnds((value, part) => value.startsWith(part)),
  endswith: startsOrEnds((value, part) => value.endsWith(part)),
  removeprefix: operation('prefix! /', (value, [part]) =>
    (value as string).startsWith(text(part)) ? (value as string).slice(text(part).length) : value,
  ),
  removesuffix: operation('suffix! /', (value, [part]) =>
    text(part) !== '' && (value as string).endsWith(text(part))
      ? (value as string).slice(0, -text(part).length)
      : value,
  ),
  find: found(false, false),
  rfind: found(true, false),
  index: found(false, true),
  rindex: found(true, true),
  count: operation('part! start end /', (value, [part, from, to], { budget }) => {
    const within = between(value as string, from, to, budget).part;
    if (within === null) return 0;
    return text(part) === '' ? countPoints(within) + 1 : splitAt(within, text(part), budget).length - 1;
  }),
  replace: operation('old! new! count /', (value, [from, to, count], { budget }) =>
    replaceText(value as string, text(from), text(to), integer(count, -1), budget),
  ),
  join: operation('iterable! /', (value, [list = []], { budget }) => {
    const parts = iterate(list, budget).map((entry) => text(defined(entry)));
    budget.text(parts.reduce((sum, part) => sum + part.length + (value as string).length, 0));
    return parts.join(value as string);
  }),
  format: operation('* **', (value, args, { budget }, named) =>
    formatBraces(value as string, args as Value[], named, budget),
  ),
  zfill: operation('width! /', (value, [width], { budget }) => {
    const source = value as string;
    const sign = /^[-+]/.exec(source)?.[0] ?? '';
    return sign + pad(source.slice(sign.length), integer(width, 0) - sign.length, '0', 'start', budget);
  }),
  ljust: padded('end'),
  rjust: padded('start'),
  center: padded('both'),
  isdigit: has(/^[\p{Nd}\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468]+$/u),
  isnumeric: has(/^\p{N}+$/u),
  isdecimal: has(/^\p{Nd}+$/u),
  isalpha: has(/^\p{L}+$/u),
  isalnum: has(/^[\p{L}\p{N}]+$/u),
  isascii: has(/^[\0-\x7f]*$/),
  isspace: onText(16, isSpace),
  isupper: onText(16, cased(/\p{Ll}|\p{Lt}/u)),
  islower: onText(16, cased(/\p{Lu}|\p{Lt}/u)),
};
