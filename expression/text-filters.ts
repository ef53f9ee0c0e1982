import { flag, integer, text } from './arguments.ts';
import type { Budget } from './budget.ts';
import { countPoints, pointAt, pointBefore, unitOf } from './code-points.ts';
import { base64Decode, base64Encode, digest, urlDecode, urlEncode } from './encoding.ts';
import { type Operation, operation, passing } from './environment.ts';
import { typeError } from './errors.ts';
import { readJson, writeJson } from './json-text.ts';
import { formatPercent } from './percent-format.ts';
import { compileRegex, findAll, findGroups, matches, type RegexFlags, replaceAllMatches } from './regex.ts';
import { splitAt } from './search.ts';
import { represent, spell } from './spelling.ts';
import { entriesOf, isDict, iterate, kindOf, Tuple, type Value } from './values.ts';

/** An operation on the text that a value is spelt as; each unit of work pays for so many characters of it. */
const onSpelt = (perWork: number, run: (value: string) => Value): Operation =>
  operation('', (value, _, { budget }) => {
    const source = spell(value, budget);
    budget.work(source.length / perWork);
    return run(source);
  });

/** How a pattern is read, by the arguments of a filter. */
export const regexFlags = (budget: Budget, ignorecase?: Value, multiline?: Value, dotall?: Value): RegexFlags => ({
  ignorecase: flag(ignorecase, budget),
  multiline: flag(multiline, budget),
  dotall: flag(dotall, budget),
});

/** Replaces text; the length of the result is known before it is built. */
export function replaceText(value: string, from: string, to: string, count: number, budget: Budget): string {
  if (from === '') {
    budget.work(value.length / 4);
    const characters = [...value];
    const times = count < 0 ? characters.length + 1 : Math.min(count, characters.length + 1);
    budget.text(value.length + times * to.length);
    return (
      characters.map((character, index) => (index < times ? to : '') + character).join('') +
      (times > characters.length ? to : '')
    );
  }
  const parts = splitAt(value, from, budget);
  const times = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  budget.text(value.length + times * Math.max(0, to.length - from.length));
  return (
    parts.slice(0, times + 1).join(to) +
    parts
      .slice(times + 1)
      .map((part) => from + part)
      .join('')
  );
}

/** Words with a capital first letter, as Jinja2's `title` makes them. */
function title(value: string): string {
  return value.replace(/[^\s([{<-]+/gu, capitalize);
}

/** Text with its first code point as a capital and all others small. */
export function capitalize(value: string): string {
  const first = pointAt(value, 0);
  return first.toUpperCase() + value.slice(first.length).toLowerCase();
}

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };
const escapeHtml = (value: string): string => value.replace(/[&<>'"]/g, (character) => HTML[character]!);
const escapes = onSpelt(8, escapeHtml);

const indentOf = (indent: Value | undefined) =>
  indent === undefined ? {} : { indent: Math.min(20, integer(indent, 0)) };
const toJson = operation('indent', (value, [indent], { budget }) => writeJson(value, indentOf(indent), budget));
const fromJson = operation('', (value, _, { budget }) => readJson(text(value), budget));

const regexTest = (anchored: boolean) =>
  operation('pattern ignorecase multiline dotall', (value, [pattern, ...rest], { budget }) => {
    const regex = compileRegex(text(pattern), regexFlags(budget, ...rest), budget);
    return matches(regex, spell(value, budget), anchored, budget);
  });

/** Filters that make or take text. */
export const TEXT_FILTERS: Record<string, Operation> = {
  upper: onSpelt(64, (value) => value.toUpperCase()),
  lower: onSpelt(64, (value) => value.toLowerCase()),
  capitalize: onSpelt(64, capitalize),
  title: onSpelt(4, title),
  trim: operation('chars', (value, [chars], { budget }) => {
    const source = spell(value, budget);
    return chars === undefined || chars === null ? source.trim() : strip(source, text(chars), true, true, budget);
  }),
  replace: operation('old new count', (value, [from, to, count], { budget }) =>
    replaceText(
      spell(value, budget),
      spell(from ?? '', budget),
      spell(to ?? '', budget),
      count === undefined || count === null ? -1 : integer(count, -1),
      budget,
    ),
  ),
  string: operation('', (value, _, { budget }) => spell(value, budget)),
  center: operation('width', (value, [width], { budget }) => {
    const size = integer(width, 80);
    budget.text(size);
    return center(spell(value, budget), size);
  }),
  truncate: operation('length killwords end leeway', (value, [length, kill, end, leeway], { budget }) => {
    const source = spell(value, budget);
    budget.work(source.length / 32);
    const size = integer(length, 255);
    const ending = text(end, '...');
    const kept = size - countPoints(ending);
    if (kept < 0) throw typeError('the length is smaller than that of the end');
    if (countPoints(source) <= size + integer(leeway, 5)) return source;
    const cut = source.slice(0, unitOf(source, kept));
    if (flag(kill, budget)) return cut + ending;
    const space = cut.lastIndexOf(' ');
    return (space === -1 ? cut : cut.slice(0, space)) + ending;
  }),
  wordcount: onSpelt(8, (value) => value.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
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
  escape: escapes,
  e: escapes,
  safe: passing('', (value) => value),
  striptags: onSpelt(16, stripTags),
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
  urldecode: onSpelt(8, urlDecode),
  format: operation('*', (value, args, { budget }, named) => {
    const given = args as Value[];
    const byName = Object.keys(named).length > 0;
    if (byName && given.length > 0) throw typeError('format takes arguments with names, or without, and not both');
    return formatPercent(spell(value, budget), byName ? named : new Tuple(given), budget);
  }),
  pprint: operation('', (value, _, { budget }) => represent(value, budget)),
  xmlattr: operation('', (value, _, { budget }) => {
    if (!isDict(value)) throw typeError(`a dictionary is expected, not ${kindOf(value)}`);
    return Object.entries(value)
      .filter(([, entry]) => entry !== null)
      .map(([key, entry]) => {
        const source = spell(entry, budget);
        budget.work(1 + source.length / 8);
        return ` ${key}="${escapeHtml(source)}"`;
      })
      .join('');
  }),
  tojson: operation('indent', (value, [indent], { budget }) => {
    const json = writeJson(value, { sorted: true, ...indentOf(indent) }, budget);
    budget.work(json.length / 8);
    return json.replace(/[<>&']/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  }),
  to_json: toJson,
  json_dump: toJson,
  from_json: fromJson,
  json_parse: fromJson,
  split: operation('sep maxsplit', (value, [separator, most], { budget }) =>
    splitText(
      text(value),
      separator === undefined || separator === null ? null : text(separator),
      integer(most, -1),
      budget,
    ),
  ),
  regex_match: regexTest(true),
  regex_search: regexTest(false),
  regex_replace: operation(
    'pattern replacement ignorecase multiline dotall',
    (value, [pattern, to, ...rest], { budget }) => {
      const source = spell(value, budget);
      const regex = compileRegex(text(pattern), regexFlags(budget, ...rest), budget);
      return replaceAllMatches(regex, source, text(to), budget);
    },
  ),
  regex_substring: operation(
    'pattern result_index ignorecase multiline dotall',
    (value, [pattern, index, ...rest], { budget }) => {
      const found = findAll(text(pattern), spell(value, budget), regexFlags(budget, ...rest), budget);
      const wanted = integer(index, 0);
      const result = found[wanted < 0 ? found.length + wanted : wanted];
      if (result === undefined) throw typeError(`the pattern has ${found.length} matches, and none at ${wanted}`);
      return result;
    },
  ),
  regex_findall: operation('pattern ignorecase multiline dotall', (value, [pattern, ...rest], { budget }) =>
    findGroups(text(pattern), spell(value, budget), regexFlags(budget, ...rest), budget),
  ),
  b64encode: onSpelt(4, base64Encode),
  b64decode: onSpelt(4, base64Decode),
  hash: operation('algorithm', (value, [algorithm], { budget }) => {
    const source = spell(value, budget);
    budget.work(20 + source.length / 4);
    return digest(source, text(algorithm, 'sha256'));
  }),
};

/** Python's `str.center`. */
export function center(value: string, width: number): string {
  const missing = Math.max(0, width - countPoints(value));
  const before = Math.floor(missing / 2) + (missing % 2 === 1 && width % 2 === 1 ? 1 : 0);
  return ' '.repeat(before) + value + ' '.repeat(missing - before);
}

/** Python's `str.strip` with characters. */
export function strip(value: string, chars: string, start: boolean, end: boolean, budget: Budget): string {
  budget.work((value.length + chars.length) / 16);
  const set = new Set(chars);
  let from = 0;
  let to = value.length;
  for (let point = pointAt(value, from); start && from < to && set.has(point); point = pointAt(value, from)) {
    from += point.length;
  }
  for (let before = pointBefore(value, to); end && to > from && set.has(value.slice(before, to)); ) {
    to = before;
    before = pointBefore(value, to);
  }
  return value.slice(from, to);
}

/** Python's `str.split`: null separates by any white space. */
export function splitText(value: string, separator: string | null, most: number, budget: Budget): string[] {
  if (separator === '') throw typeError('the separator is empty');
  if (separator === null) {
    budget.work(1 + value.length / 16);
    const words = value.trim() === '' ? [] : value.trim().split(/\s+/);
    if (most < 0 || words.length <= most + 1) return words;
    let rest = value.trimStart();
    const result: string[] = [];
    for (let index = 0; index < most; index += 1) {
      result.push(words[index]!);
      rest = rest.slice(words[index]!.length).trimStart();
    }
    return [...result, rest];
  }
  const parts = splitAt(value, separator, budget);
  if (most < 0 || parts.length <= most + 1) return parts;
  return [...parts.slice(0, most), parts.slice(most).join(separator)];
}

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

/** Tags go, white space is folded. An index loop: a pattern would take quadratic time on hostile text. */
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
