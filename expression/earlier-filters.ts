import { flag, integer, text } from './arguments.ts';
import { countPoints, findUnit } from './code-points.ts';
import { earlierFormatPercent } from './earlier-format.ts';
import { center, earlierCapitalize, earlierReplaceText, earlierSplitText, earlierStrip } from './earlier-text.ts';
import { EARLIER_TIME_FILTERS } from './earlier-time-filters.ts';
import { base64Decode, urlEncode } from './encoding.ts';
import { type Operation, operation } from './environment.ts';
import { typeError } from './errors.ts';
import { iterate } from './iteration.ts';
import { readJson } from './json-text.ts';
import { compileRegex, findAll, replaceMatches, translateReplacement } from './regex.ts';
import { splitAt } from './search.ts';
import { spell } from './spelling.ts';
import { escapeHtml, regexFlags } from './text-filters.ts';
import { asFloat, defined, describeKind, entriesOf, isDict, isFloat, numberOf, type Value } from './values.ts';

/** Rounds half to even on the exact binary value, as Python does. */
function round(value: number, digits: number, method: string): number {
  const factor = 10 ** digits;
  if (method === 'ceil') return Math.ceil(value * factor) / factor;
  if (method === 'floor') return Math.floor(value * factor) / factor;
  if (method !== 'common') throw typeError(`there is no method '${method}'; there are: common, ceil, floor`);
  if (digits > 0) {
    const fixed = Number(value.toFixed(Math.min(100, digits)));
    return Number.isFinite(fixed) ? fixed : value;
  }
  const scaled = value * factor;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  return rounded / factor;
}

const fromJson = operation('', (value, _, { budget }) => readJson(text(value), budget));

/** Filters of dialect 1. Nothing in this file is ever fixed: a replay of open runs must decide the same again. */
export const EARLIER_FILTERS: Readonly<Record<string, Operation>> = {
  ...EARLIER_TIME_FILTERS,
  round: operation('precision method', (value, [precision, method], { budget }) => {
    const number = numberOf(defined(value));
    if (number === null) throw typeError(`a number is expected, not ${describeKind(value)}`);
    const digits = integer(precision, 0);
    if (Math.abs(digits) > 100) throw typeError('the precision is at most 100');
    budget.work(5);
    const rounded = round(number, digits, text(method, 'common'));
    return isFloat(value) ? asFloat(rounded) : rounded;
  }),
  regex_replace: operation(
    'pattern replacement ignorecase multiline dotall',
    (value, [pattern, to, ...rest], { budget }) => {
      const source = spell(value, budget);
      const regex = compileRegex(text(pattern), regexFlags(budget, ...rest), budget);
      const replacement = translateReplacement(text(to), budget);
      budget.text((source.length + 1) * (replacement.length + 1));
      return replaceMatches(regex, source, replacement, budget);
    },
  ),
  regex_findall: operation('pattern ignorecase multiline dotall', (value, [pattern, ...rest], { budget }) =>
    findAll(text(pattern), spell(value, budget), regexFlags(budget, ...rest), budget),
  ),
  format: operation('*', (value, args, { budget }, named) =>
    earlierFormatPercent(spell(value, budget), args as Value[], named, budget),
  ),
  trim: operation('chars', (value, [chars], { budget }) => {
    const source = spell(value, budget);
    return chars === undefined || chars === null
      ? source.trim()
      : earlierStrip(source, text(chars), true, true, budget);
  }),
  replace: operation('old new count', (value, [from, to, count], { budget }) =>
    earlierReplaceText(
      spell(value, budget),
      spell(from ?? '', budget),
      spell(to ?? '', budget),
      count === undefined || count === null ? -1 : integer(count, -1),
      budget,
    ),
  ),
  center: operation('width', (value, [width], { budget }) => {
    const size = integer(width, 80);
    budget.text(size);
    return center(spell(value, budget), size);
  }),
  wordwrap: operation('width break_long_words wrapstring', (value, [width, long, between], { budget }) => {
    const source = spell(value, budget);
    budget.work(source.length / 8);
    const [size, breakLong] = [Math.max(1, integer(width, 79)), flag(long, budget, true)];
    const wrapped = source.split('\n').map((line) => wrapLine(line, size, breakLong));
    const mark = text(between, '\n');
    const breaks = wrapped.reduce((sum, lines) => sum + lines.length - 1, 0);
    budget.longText(source.length + breaks * mark.length);
    return wrapped.map((lines) => lines.join(mark)).join('\n');
  }),
  indent: operation('width first blank', (value, [width, first, blank], { budget }) => {
    const by = typeof width === 'string' ? width : ' '.repeat(Math.min(1000, integer(width, 4)));
    const lines = splitAt(spell(value, budget), '\n', budget);
    budget.text(lines.length * by.length);
    const [atFirst, atBlank] = [flag(first, budget), flag(blank, budget)];
    const indented = lines.map((line, index) =>
      (index === 0 && !atFirst) || (line === '' && !atBlank) ? line : by + line,
    );
    return indented.join('\n');
  }),
  from_json: fromJson,
  json_parse: fromJson,
  b64decode: operation('', (value, _, { budget }) => {
    const source = spell(value, budget);
    budget.work(source.length / 4);
    return base64Decode(source);
  }),
  xmlattr: operation('', (value, _, { budget }) => {
    if (!isDict(value)) throw typeError(`a dictionary is expected, not ${describeKind(value)}`);
    return Object.entries(value)
      .filter(([, entry]) => entry !== null)
      .map(([key, entry]) => {
        const source = spell(entry, budget);
        budget.work(1 + source.length / 8);
        return ` ${key}="${escapeHtml(source)}"`;
      })
      .join('');
  }),
  urlencode: operation('', (value, _, { budget }) => {
    const encode = (part: Value, query: boolean): string => {
      const source = spell(part, budget);
      budget.work(1 + source.length / 4);
      return urlEncode(source, query);
    };
    const pairs = isDict(value) ? Object.entries(value) : entriesOf(value)?.map((pair) => iterate(pair, budget));
    if (pairs === undefined) return encode(value, false);
    return pairs
      .map(([key, entry]) => {
        if (key === undefined || entry === undefined) throw typeError('pairs of a name and a value are expected');
        return `${encode(key, true)}=${encode(entry, true)}`;
      })
      .join('&');
  }),
  truncate: operation('length killwords end leeway', (value, [length, kill, end, leeway], { budget }) => {
    const source = spell(value, budget);
    budget.work(source.length / 32);
    const size = integer(length, 255);
    const ending = text(end, '...');
    const kept = size - countPoints(ending);
    if (kept < 0) throw typeError('the length is smaller than that of the end');
    if (countPoints(source) <= size + integer(leeway, 5)) return source;
    const cut = source.slice(0, findUnit(source, kept));
    if (flag(kill, budget)) return cut + ending;
    const space = cut.lastIndexOf(' ');
    return (space === -1 ? cut : cut.slice(0, space)) + ending;
  }),
  capitalize: operation('', (value, _, { budget }) => {
    const source = spell(value, budget);
    budget.work(source.length / 64);
    return earlierCapitalize(source);
  }),
  striptags: operation('', (value, _, { budget }) => {
    const source = spell(value, budget);
    budget.work(source.length / 16);
    return stripTags(source);
  }),
  split: operation('sep maxsplit', (value, [separator, most], { budget }) =>
    earlierSplitText(
      text(value),
      separator === undefined || separator === null ? null : text(separator),
      integer(most, -1),
      budget,
    ),
  ),
};

function wrapLine(line: string, width: number, breakLong: boolean): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    let rest = word;
    if (current !== '' && current.length + 1 + rest.length <= width) {
      current += ` ${rest}`;
      continue;
    }
    if (current !== '') lines.push(current);
    while (breakLong && rest.length > width) {
      lines.push(rest.slice(0, width));
      rest = rest.slice(width);
    }
    current = rest;
  }
  return current === '' && lines.length > 0 ? lines : [...lines, current];
}

/** Removes tags and folds white space. An index loop: a pattern would take quadratic time on hostile text. */
function stripTags(value: string): string {
  let result = '';
  let index = 0;
  while (index < value.length) {
    const open = value.indexOf('<', index);
    const close = open === -1 ? -1 : value.indexOf('>', open);
    if (close === -1) break;
    result += value.slice(index, open);
    index = close + 1;
  }
  return (result + value.slice(index)).trim().split(/\s+/).join(' ');
}
