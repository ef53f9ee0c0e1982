import { flag, integer, text } from './arguments.ts';
import { measureLength } from './attributes.ts';
import type { Budget } from './budget.ts';
import { countPoints, findUnit, pointAt } from './code-points.ts';
import { base64Decode, base64Encode, digest, urlDecode, urlEncode } from './encoding.ts';
import { type Operation, operation, passing } from './environment.ts';
import { typeError } from './errors.ts';
import { iterate } from './iteration.ts';
import { readExactJson, writeJson } from './json-text.ts';
import { formatPercent } from './percent-format.ts';
import { compileRegex, findAll, findGroups, matches, type RegexFlags, replaceAllMatches } from './regex.ts';
import { represent, spell } from './spelling.ts';
import { stripTags } from './tags.ts';
import { capitalize, pad, replaceText, SPACES, splitLines, splitText, strip } from './text-edits.ts';
import { defined, describeKind, entriesOf, isDict, Tuple, Undefined, type Value } from './values.ts';
import { wrapLine } from './word-wrap.ts';

/** Creates an operation on the text of a value; one unit of work pays for `perWork` characters. */
export const onSpelt = (perWork: number, run: (value: string) => Value): Operation =>
  operation('', (value, _, { budget }) => {
    const source = spell(value, budget);
    budget.work(source.length / perWork);
    return run(source);
  });

/** Reads the options of a pattern from the arguments of a filter. */
export const regexFlags = (budget: Budget, ignorecase?: Value, multiline?: Value, dotall?: Value): RegexFlags => ({
  ignorecase: flag(ignorecase, budget),
  multiline: flag(multiline, budget),
  dotall: flag(dotall, budget),
});

const WORDS = new RegExp(`[^${SPACES}([{<-]+`, 'gu');

/** Capitalizes the words that a pattern finds, as Jinja2's `title` does. */
export function capitalizeWords(value: string, words: RegExp): string {
  return value.replace(words, (word) => {
    const first = pointAt(word, 0);
    return first.toUpperCase() + word.slice(first.length).toLowerCase();
  });
}

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };
/** Escapes the characters of a text that have a meaning in HTML. */
export const escapeHtml = (value: string): string => value.replace(/[&<>'"]/g, (character) => HTML[character]!);
const escapes = onSpelt(8, escapeHtml);

const indentOf = (indent: Value | undefined) =>
  indent === undefined ? {} : { indent: Math.min(20, integer(indent, 0)) };
const toJson = operation('indent', (value, [indent], { budget }) => writeJson(value, indentOf(indent), budget));
const fromJson = operation('', (value, _, { budget }) => readExactJson(text(value), budget));

const regexTest = (anchored: boolean) =>
  operation('pattern! ignorecase multiline dotall', (value, [pattern, ...rest], { budget }) => {
    const regex = compileRegex(text(pattern), regexFlags(budget, ...rest), budget);
    return matches(regex, spell(value, budget), anchored, budget);
  });

/** Filters that return or take text. */
export const TEXT_FILTERS: Record<string, Operation> = {
  upper: onSpelt(64, (value) => value.toUpperCase()),
  lower: onSpelt(64, (value) => value.toLowerCase()),
  capitalize: onSpelt(64, capitalize),
  title: onSpelt(4, (value) => capitalizeWords(value, WORDS)),
  trim: operation('chars', (value, [chars], { budget }) =>
    strip(spell(value, budget), chars === undefined || chars === null ? null : text(chars), true, true, budget),
  ),
  replace: operation('old! new! count', (value, [from, to, count], { budget }) =>
    replaceText(
      spell(value, budget),
      spell(from ?? '', budget),
      spell(to ?? '', budget),
      count === undefined || count === null ? -1 : integer(count, -1),
      budget,
    ),
  ),
  string: operation('', (value, _, { budget }) => spell(value, budget)),
  center: operation('width', (value, [width], { budget }) =>
    pad(spell(value, budget), integer(width, 80), ' ', 'both', budget),
  ),
  truncate: passing('length killwords end leeway', (value, [length, kill, end, leeway], { budget }) => {
    const known = defined(value);
    const spare = integer(leeway ?? undefined, 5);
    if (typeof known !== 'string' && measureLength(known, budget) <= integer(length, 255) + spare) return known;
    const source = text(known);
    budget.work(source.length / 32);
    const size = integer(length, 255);
    const ending = text(end, '...');
    const kept = size - countPoints(ending);
    if (kept < 0) throw typeError('the length is smaller than that of the end');
    if (countPoints(source) <= size + spare) return source;
    const cut = source.slice(0, findUnit(source, kept));
    if (flag(kill, budget)) return cut + ending;
    const space = cut.lastIndexOf(' ');
    return (space === -1 ? cut : cut.slice(0, space)) + ending;
  }),
  wordcount: onSpelt(8, (value) => value.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  wordwrap: operation(
    'width break_long_words wrapstring break_on_hyphens',
    (value, [width, long, between, hyphens], { budget }) => {
      const source = text(defined(value));
      budget.work(source.length / 2);
      const size = integer(width, 79);
      if (size <= 0) throw typeError('the width must be greater than 0');
      const rules = { size, breakLong: flag(long, budget, true), onHyphens: flag(hyphens, budget, true) };
      const mark = between === undefined || between === null ? '\n' : text(between);
      const wrapped = splitLines(source, false).map((line) => wrapLine(line, rules));
      const breaks = wrapped.reduce((sum, lines) => sum + lines.length, 0);
      budget.text(source.length + breaks * mark.length);
      return wrapped.map((lines) => lines.join(mark)).join(mark);
    },
  ),
  indent: operation('width first blank', (value, [width, first, blank], { budget }) => {
    const by = typeof width === 'string' ? width : ' '.repeat(Math.min(1000, integer(width, 4)));
    const source = text(defined(value));
    budget.work(source.length / 16);
    const lines = splitLines(`${source}\n`, false);
    budget.text(source.length + lines.length * by.length);
    const [atFirst, atBlank] = [flag(first, budget), flag(blank, budget)];
    return lines.map((line, index) => ((index === 0 ? atFirst : atBlank || line !== '') ? by + line : line)).join('\n');
  }),
  escape: escapes,
  e: escapes,
  safe: passing('', (value) => value),
  striptags: operation('', (value, _, { budget }) => stripTags(spell(value, budget), budget)),
  urlencode: operation('', (value, _, { budget }) => {
    const encode = (part: Value, query: boolean): string => {
      const source = spell(part, budget);
      budget.work(1 + source.length / 4);
      return urlEncode(source, query);
    };
    const pairs = isDict(value) ? Object.entries(value) : entriesOf(value)?.map((pair) => iterate(pair, budget));
    if (pairs === undefined) return encode(value, false);
    return pairs
      .map(([key, entry, more]) => {
        if (key === undefined || entry === undefined || more !== undefined)
          throw typeError('pairs of a name and a value are expected');
        return `${encode(key, true)}=${encode(entry, true)}`;
      })
      .join('&');
  }),
  urldecode: onSpelt(8, urlDecode),
  format: operation('* **', (value, args, { budget }, named) => {
    const given = args as Value[];
    const byName = Object.keys(named).length > 0;
    if (byName && given.length > 0) throw typeError('format takes arguments with names, or without, and not both');
    return formatPercent(spell(value, budget), byName ? named : new Tuple(given), budget);
  }),
  pprint: operation('', (value, _, { budget }) => represent(value, budget)),
  xmlattr: operation('autospace', (value, [autospace], { budget }) => {
    if (!isDict(value)) throw typeError(`a dictionary is expected, not ${describeKind(value)}`);
    const attributes = Object.entries(value)
      .filter(([, entry]) => entry !== null && !(entry instanceof Undefined))
      .map(([key, entry]) => {
        if (/[\s/>=]/.test(key)) throw typeError(`'${key.slice(0, 50)}' cannot be the name of an attribute`);
        const source = spell(entry, budget);
        budget.work(1 + (key.length + source.length) / 8);
        return `${escapeHtml(key)}="${escapeHtml(source)}"`;
      });
    return (flag(autospace, budget, true) && attributes.length > 0 ? ' ' : '') + attributes.join(' ');
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
    'pattern! replacement! ignorecase multiline dotall',
    (value, [pattern, to, ...rest], { budget }) => {
      const source = spell(value, budget);
      const regex = compileRegex(text(pattern), regexFlags(budget, ...rest), budget);
      return replaceAllMatches(regex, source, text(to), budget);
    },
  ),
  regex_substring: operation(
    'pattern! result_index ignorecase multiline dotall',
    (value, [pattern, index, ...rest], { budget }) => {
      const found = findAll(text(pattern), spell(value, budget), regexFlags(budget, ...rest), budget);
      const wanted = integer(index, 0);
      const result = found[wanted < 0 ? found.length + wanted : wanted];
      if (result === undefined) throw typeError(`the pattern has ${found.length} matches, and none at ${wanted}`);
      return result;
    },
  ),
  regex_findall: operation('pattern! ignorecase multiline dotall', (value, [pattern, ...rest], { budget }) =>
    findGroups(text(pattern), spell(value, budget), regexFlags(budget, ...rest), budget),
  ),
  b64encode: onSpelt(4, base64Encode),
  b64decode: onSpelt(4, (value) => base64Decode(value, { exact: true })),
  hash: operation('algorithm', (value, [algorithm], { budget }) => {
    const source = spell(value, budget);
    budget.work(20 + source.length / 4);
    return digest(source, text(algorithm, 'sha256'));
  }),
};
