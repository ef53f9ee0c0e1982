import { flag, integer, soft, text } from './arguments.ts';
import { base64Decode, base64Encode, digest, urlDecode, urlEncode } from './encoding.ts';
import { type Operation, operation, passing } from './environment.ts';
import { typeError } from './errors.ts';
import { formatPercent } from './format.ts';
import { readJson, writeJson } from './json-text.ts';
import { compileRegex, replacementOf } from './regex.ts';
import { entriesOf, isDict, iterate, kindOf, represent, spell, type Value } from './values.ts';

const flags = (ignorecase?: Value, multiline?: Value, dotall?: Value) => ({
  ...{ ignorecase: flag(ignorecase), multiline: flag(multiline), dotall: flag(dotall) },
});

/** Replaces text; the length of the result is known before it is built. */
export function replaceText(
  value: string,
  from: string,
  to: string,
  count: number,
  guard: (length: number) => void,
): string {
  if (from === '') {
    const characters = [...value];
    const times = count < 0 ? characters.length + 1 : Math.min(count, characters.length + 1);
    guard(value.length + times * to.length);
    return (
      characters.map((character, index) => (index < times ? to : '') + character).join('') +
      (times > characters.length ? to : '')
    );
  }
  const parts = value.split(from);
  const times = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  guard(value.length + times * Math.max(0, to.length - from.length));
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
  return value.replace(/[^\s([{<-]+/gu, (word) => {
    const [first = '', ...rest] = [...word];
    return first.toUpperCase() + rest.join('').toLowerCase();
  });
}

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };
const escapeHtml = operation('', (value) => soft(value).replace(/[&<>'"]/g, (character) => HTML[character]!));

const toJson = operation('indent', (value, [indent], { budget }) =>
  writeJson(value, indent === undefined ? {} : { indent: Math.min(20, integer(indent, 0)) }, budget),
);
const fromJson = operation('', (value) => readJson(text(value)));

const regexTest = (anchored: boolean) =>
  operation('pattern ignorecase multiline dotall', (value, [pattern, ...rest]) => {
    const matcher = compileRegex(text(pattern), flags(...rest)).matcher(soft(value));
    return anchored ? matcher.lookingAt() : matcher.find();
  });

/** Filters that make or take text. */
export const TEXT_FILTERS: Record<string, Operation> = {
  upper: operation('', (value) => soft(value).toUpperCase()),
  lower: operation('', (value) => soft(value).toLowerCase()),
  capitalize: operation('', (value) => {
    const [first = '', ...rest] = [...soft(value)];
    return first.toUpperCase() + rest.join('').toLowerCase();
  }),
  title: operation('', (value) => title(soft(value))),
  trim: operation('chars', (value, [chars]) =>
    chars === undefined || chars === null ? soft(value).trim() : strip(soft(value), text(chars), true, true),
  ),
  replace: operation('old new count', (value, [from, to, count], { budget }) =>
    replaceText(
      soft(value),
      soft(from ?? ''),
      soft(to ?? ''),
      count === undefined || count === null ? -1 : integer(count, -1),
      (length) => budget.text(length),
    ),
  ),
  string: operation('', (value) => spell(value)),
  center: operation('width', (value, [width], { budget }) => {
    const size = integer(width, 80);
    budget.text(size);
    return center(soft(value), size);
  }),
  truncate: operation('length killwords end leeway', (value, [length, kill, end, leeway]) => {
    const characters = [...soft(value)];
    const size = integer(length, 255);
    const ending = text(end, '...');
    if (size < [...ending].length) throw typeError('the length is smaller than that of the end');
    if (characters.length <= size + integer(leeway, 5)) return characters.join('');
    const cut = characters.slice(0, size - [...ending].length).join('');
    if (flag(kill)) return cut + ending;
    const space = cut.lastIndexOf(' ');
    return (space === -1 ? cut : cut.slice(0, space)) + ending;
  }),
  wordcount: operation('', (value) => soft(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  wordwrap: operation('width break_long_words wrapstring', (value, [width, long, between]) =>
    soft(value)
      .split('\n')
      .map((line) => wrapLine(line, Math.max(1, integer(width, 79)), flag(long, true)).join(text(between, '\n')))
      .join('\n'),
  ),
  indent: operation('width first blank', (value, [width, first, blank], { budget }) => {
    const by = typeof width === 'string' ? width : ' '.repeat(Math.min(1000, integer(width, 4)));
    const lines = soft(value).split('\n');
    budget.text(lines.length * by.length);
    const indented = lines.map((line, index) =>
      (index === 0 && !flag(first)) || (line === '' && !flag(blank)) ? line : by + line,
    );
    return indented.join('\n');
  }),
  escape: escapeHtml,
  e: escapeHtml,
  safe: passing('', (value) => value),
  striptags: operation('', (value) => stripTags(soft(value))),
  urlencode: operation('', (value) => {
    const pairs = isDict(value) ? Object.entries(value) : entriesOf(value)?.map((pair) => iterate(pair));
    if (pairs === undefined) return urlEncode(soft(value), false);
    return pairs.map(([key, entry]) => `${urlEncode(soft(key!), true)}=${urlEncode(soft(entry!), true)}`).join('&');
  }),
  urldecode: operation('', (value) => urlDecode(soft(value))),
  format: operation('*', (value, args, { budget }, named) =>
    formatPercent(soft(value), args as Value[], named, budget),
  ),
  pprint: operation('', (value) => represent(value)),
  xmlattr: operation('', (value) => {
    if (!isDict(value)) throw typeError(`a dictionary is expected, not ${kindOf(value)}`);
    return Object.entries(value)
      .filter(([, entry]) => entry !== null)
      .map(([key, entry]) => ` ${key}="${soft(entry).replace(/[&<>'"]/g, (character) => HTML[character]!)}"`)
      .join('');
  }),
  tojson: operation('indent', (value, [indent], { budget }) => {
    const options = indent === undefined ? {} : { indent: Math.min(20, integer(indent, 0)) };
    const json = writeJson(value, { sorted: true, ...options }, budget);
    return json.replace(/[<>&']/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  }),
  to_json: toJson,
  json_dump: toJson,
  from_json: fromJson,
  json_parse: fromJson,
  split: operation('sep maxsplit', (value, [separator, most]) =>
    splitText(text(value), separator === undefined || separator === null ? null : text(separator), integer(most, -1)),
  ),
  regex_match: regexTest(true),
  regex_search: regexTest(false),
  regex_replace: operation(
    'pattern replacement ignorecase multiline dotall',
    (value, [pattern, to, ...rest], { budget }) => {
      const source = soft(value);
      const regex = compileRegex(text(pattern), flags(...rest));
      const replacement = replacementOf(text(to));
      budget.text((source.length + 1) * (replacement.length + 1));
      return regex.matcher(source).replaceAll(replacement);
    },
  ),
  regex_substring: operation('pattern result_index ignorecase multiline dotall', (value, [pattern, index, ...rest]) => {
    const found = findAll(text(pattern), soft(value), flags(...rest));
    const wanted = integer(index, 0);
    const result = found[wanted < 0 ? found.length + wanted : wanted];
    if (result === undefined) throw typeError(`the pattern has ${found.length} matches, and none at ${wanted}`);
    return result;
  }),
  regex_findall: operation('pattern ignorecase multiline dotall', (value, [pattern, ...rest]) =>
    findAll(text(pattern), soft(value), flags(...rest)),
  ),
  b64encode: operation('', (value) => base64Encode(soft(value))),
  b64decode: operation('', (value) => base64Decode(soft(value))),
  hash: operation('algorithm', (value, [algorithm]) => digest(soft(value), text(algorithm, 'sha256'))),
};

function findAll(pattern: string, source: string, how: ReturnType<typeof flags>): string[] {
  const matcher = compileRegex(pattern, how).matcher(source);
  const found: string[] = [];
  while (matcher.find()) found.push(matcher.group(0) ?? '');
  return found;
}

/** Python's `str.center`. */
export function center(value: string, width: number): string {
  const missing = Math.max(0, width - [...value].length);
  const before = Math.floor(missing / 2) + (missing % 2 === 1 && width % 2 === 1 ? 1 : 0);
  return ' '.repeat(before) + value + ' '.repeat(missing - before);
}

/** Python's `str.strip` with characters. */
export function strip(value: string, chars: string, start: boolean, end: boolean): string {
  const all = [...value];
  const set = new Set(chars);
  let from = 0;
  let to = all.length;
  while (start && from < to && set.has(all[from]!)) from += 1;
  while (end && to > from && set.has(all[to - 1]!)) to -= 1;
  return all.slice(from, to).join('');
}

/** Python's `str.split`: null separates by any white space. */
export function splitText(value: string, separator: string | null, most: number): string[] {
  if (separator === '') throw typeError('the separator is empty');
  if (separator === null) {
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
  const parts = value.split(separator);
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
  return splitText(result + value.slice(index), null, -1).join(' ');
}
