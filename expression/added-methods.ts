import { integer } from './arguments.ts';
import { countPoints } from './code-points.ts';
import { keyText } from './dictionaries.ts';
import { type Operation, operation, passing } from './environment.ts';
import { equals } from './equality.ts';
import { typeError } from './errors.ts';
import { entriesIn } from './functions.ts';
import { isUnprintable } from './spelling.ts';
import { splitLines } from './text-edits.ts';
import type { Dict, Value } from './values.ts';

// Methods that dialect 3 adds or replaces.

/** Replaces each tab by spaces up to the next multiple of `size` columns. */
function expandTabs(value: string, size: number): string {
  return splitLines(value, true)
    .map((line) => {
      const [first = '', ...rest] = line.split('\t');
      return rest.reduce((before, part) => {
        const column = size > 0 ? size - (countPoints(before) % size) : 0;
        return before + ' '.repeat(column) + part;
      }, first);
    })
    .join('');
}

/** Returns whether each run of letters begins with a capital and continues in lower case. */
function isTitle(value: string): boolean {
  let [inWord, found] = [false, false];
  for (const point of value) {
    const isCapital = /[\p{Lu}\p{Lt}]/u.test(point);
    const isSmall = !isCapital && /\p{Lowercase}/u.test(point);
    if ((isCapital && inWord) || (isSmall && !inWord)) return false;
    inWord = isCapital || isSmall;
    found ||= inWord;
  }
  return found;
}

/** Creates a method of text without arguments; one unit of work pays for `perWork` characters. */
const onText = (perWork: number, run: (value: string) => boolean | string): Operation =>
  operation('', (value, _, { budget }) => {
    budget.work((value as string).length / perWork);
    return run(value as string);
  });

/** Returns text for comparison without case. Cherokee folds to capitals, and a dotless i to itself. */
function foldCase(value: string): string {
  const fold = (part: string): string =>
    part
      .toLowerCase()
      .toUpperCase()
      .replace(/[^\u13a0-\u13ff]+/g, (capitals) => capitals.toLowerCase())
      .replaceAll('ς', 'σ');
  return value.replace(/[^ı]+/g, fold);
}

const TEXT: Readonly<Record<string, Operation>> = {
  expandtabs: operation('tabsize', (value, [size], { budget }) => {
    const source = value as string;
    const width = Math.max(0, integer(size, 8));
    budget.work(source.length / 4);
    budget.text(source.length + (source.split('\t').length - 1) * width);
    return expandTabs(source, width);
  }),
  casefold: onText(8, foldCase),
  istitle: onText(4, isTitle),
  isidentifier: onText(16, (value) => /^[\p{XIDS}_]\p{XIDC}*$/u.test(value)),
  isprintable: onText(4, (value) => ![...value].some(isUnprintable)),
};

const LIST: Readonly<Record<string, Operation>> = {
  remove: operation('entry! /', (value, [entry = null], { budget }) => {
    const list = value as Value[];
    const index = list.findIndex((one) => equals(one, entry, budget));
    if (index === -1) throw typeError('the list does not have that entry');
    list.splice(index, 1);
    return null;
  }),
  reverse: operation('', (value, _, { budget }) => {
    budget.work((value as Value[]).length / 16);
    (value as Value[]).reverse();
    return null;
  }),
  clear: operation('', (value) => {
    (value as Value[]).length = 0;
    return null;
  }),
};

function put(dict: Dict, key: string, value: Value): void {
  Object.defineProperty(dict, key, { value, enumerable: true, writable: true, configurable: true });
}

const DICT: Readonly<Record<string, Operation>> = {
  update: operation('pairs / **', (value, [pairs], environment, named) => {
    for (const [key, entry] of Object.entries(entriesIn(pairs, named, environment))) put(value as Dict, key, entry);
    return null;
  }),
  pop: passing('key! default /', (value, [key = null, otherwise], { budget }) => {
    const [dict, name] = [value as Dict, keyText(key, budget)];
    if (!Object.hasOwn(dict, name)) {
      if (otherwise === undefined) throw typeError(`the dictionary has no key '${name.slice(0, 50)}'`);
      return otherwise;
    }
    const found = dict[name]!;
    delete dict[name];
    return found;
  }),
  setdefault: passing('key! default /', (value, [key = null, otherwise = null], { budget }) => {
    const [dict, name] = [value as Dict, keyText(key, budget)];
    if (!Object.hasOwn(dict, name)) put(dict, name, otherwise);
    return dict[name]!;
  }),
  clear: operation('', (value) => {
    for (const key of Object.keys(value as Dict)) delete (value as Dict)[key];
    return null;
  }),
};

/** Methods of dialect 3, by what they belong to. */
export const ADDED_METHODS = { text: TEXT, listChanges: LIST, dictChanges: DICT } as const;
