import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts';
import { createTextSearch, type TextSearch } from './text-search.ts';

/** Replaces a value that is not shown. */
export const MASKED = '***';

/** The lengths from which a hidden text is also hidden inside another text, and in the encodings that template filters make. */
const SHORTEST_PART = 4;
const SHORTEST_ENCODED = 8;

/** Marks that stand around a text which a template error quotes, and the length at which it cuts that. */
const QUOTES: Record<string, string> = { "'": "'", '}': '{' };
const LONGEST_QUOTED = 50;

/** A text without these was not cut. */
const CUT_MARKS = /[…'}]/;

/** A text of at most three characters that a message quotes. */
const SHORT_QUOTED = /(["'])([^"'\\]{1,3})\1/g;

/** The number of characters that may still be searched, counted once for each hidden text; every text beyond them is hidden whole. */
export interface SearchBudget {
  left: number;
}

/** Hides texts, and numbers of six and more digits, wherever they appear in data that is shown. */
export interface Hider {
  /** Hides the texts and numbers within values from now on. */
  add(values: readonly Json[]): void;
  /** Returns data with everything hidden; the data itself where nothing is. */
  hide(shown: Json, search: SearchBudget): Json;
  /** Hides texts that are too short to be hidden inside others where a message quotes them as a whole. */
  hideQuoted(message: string): string;
}

/** A hidden text that is also hidden inside others. */
interface Part {
  length: number;
  search: TextSearch;
}

/** Creates a hider of nothing yet. */
export function createHider(): Hider {
  const texts = new Set<string>();
  const numbers = new Set<number>();
  const parts: Part[] = [];

  function addText(text: string): void {
    if (text === '' || texts.has(text)) return;
    texts.add(text);
    const number = Number(text);
    if (texts.has(String(number))) numbers.add(number);
    const { length } = text;
    if (length >= SHORTEST_PART) parts.push({ length, search: createTextSearch(text, MASKED) });
  }

  /** Hides the beginnings of hidden texts which a text was cut in before it came here, as in messages that histories have. */
  function hideCut(shown: string, search: SearchBudget): string {
    const pieces: string[] = [];
    let copied = 0;
    for (const end of cutsIn(shown)) {
      search.left -= parts.reduce((work, { length }) => work + Math.min(length, end), 0);
      if (search.left < 0) return shown;
      const cut = parts.reduce((most, part) => Math.max(most, part.search.beginningBefore(shown, end)), 0);
      if (cut < SHORTEST_PART || end - cut < copied) continue;
      pieces.push(shown.slice(copied, end - cut), MASKED);
      copied = end;
    }
    return copied === 0 ? shown : pieces.join('') + shown.slice(copied);
  }

  function hideText(shown: string, search: SearchBudget): string {
    if (texts.has(shown)) return MASKED;
    if (shown.length < SHORTEST_PART) return shown;
    search.left -= shown.length * parts.length;
    const text = search.left < 0 ? MASKED : hideCut(shown, search);
    return search.left < 0 ? MASKED : parts.reduce((rest, part) => part.search.replace(rest), text);
  }

  function hide(shown: Json, search: SearchBudget): Json {
    if (typeof shown === 'string') return hideText(shown, search);
    if (typeof shown === 'number') return numbers.has(shown) ? MASKED : shown;
    if (Array.isArray(shown)) return changeEntries(shown, (entry) => hide(entry, search));
    return isJsonObject(shown) ? changeFields(shown, (field) => hide(field, search)) : shown;
  }

  return {
    add(values) {
      const known = parts.length;
      for (const text of values.flatMap(textsOf)) {
        addText(text);
        if (text.length >= SHORTEST_ENCODED) encodings(text).forEach(addText);
      }
      // Longer texts first: one may contain another.
      if (parts.length > known) parts.sort((a, b) => b.length - a.length);
    },
    hide: (shown, search) => (texts.size === 0 ? shown : hide(shown, search)),
    hideQuoted: (message) =>
      message.replaceAll(SHORT_QUOTED, (quoted: string, quote: string, text: string) =>
        texts.has(text) ? `${quote}${MASKED}${quote}` : quoted,
      ),
  };
}

/** Returns where a text was cut: before each `…`, and before the end of each quotation of the length at which template errors cut. */
function cutsIn(text: string): number[] {
  if (!CUT_MARKS.test(text)) return [];
  const cuts: number[] = [];
  for (let index = SHORTEST_PART; index < text.length; index += 1) {
    const mark = text[index]!;
    // Half of a character that was cut is shown as U+FFFD.
    if (mark === '…') cuts.push(text[index - 1] === '\ufffd' ? index - 1 : index);
    else if (mark in QUOTES && text[index - LONGEST_QUOTED - 1] === QUOTES[mark]) cuts.push(index);
  }
  return cuts;
}

/** Returns the texts within a hidden value, and its numbers of six and more digits: none of them is shown on its own either. */
function textsOf(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return /\d{6}/.test(String(value)) ? [String(value)] : [];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return isJsonObject(value) ? Object.values(value).flatMap(textsOf) : [];
}

/** Returns the forms that template filters give a text. */
function encodings(text: string): string[] {
  const base64 = Buffer.from(text).toString('base64');
  const inUrl = /\p{Surrogate}/u.test(text) ? text : encodeURIComponent(text);
  return [base64, base64.replace(/=+$/, ''), inUrl, JSON.stringify(text).slice(1, -1)];
}

/** Changes the entries of a list; returns the list itself where none differs. */
function changeEntries(list: Json[], change: (entry: Json) => Json): Json[] {
  let copy: Json[] | null = null;
  for (let at = 0; at < list.length; at += 1) {
    const changed = change(list[at]!);
    if (changed === list[at]) continue;
    copy ??= [...list];
    copy[at] = changed;
  }
  return copy ?? list;
}

/** Changes the fields of an object; returns the object itself where none differs. */
function changeFields(whole: JsonObject, change: (field: Json) => Json): JsonObject {
  const changed: [string, Json][] = [];
  for (const name of Object.keys(whole)) {
    const next = change(whole[name]!);
    if (next !== whole[name]) changed.push([name, next]);
  }
  return changed.length === 0 ? whole : { ...whole, ...Object.fromEntries(changed) };
}
