import { type Issue, jsonPointer } from '../../model/issue.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { MASKED } from '../projections/hiding/hider.ts';
import { replaceAt } from '../projections/hiding/write-only.ts';

/** A run whose input is shown with hidden values. */
export interface ShownInput {
  /** The input as it is shown. */
  shown: Json;
  /** The input itself; null when Temporal does not have the run. */
  original: Json;
  /** Where inputs of the run have write-only values. */
  writeOnly: readonly (readonly string[])[];
}

/**
 * Finds where an input has the mask that stands for a hidden value: at a place of a write-only value, or where the input of the run is
 * shown with the mask. Whoever copied what is shown would start a run with the mask as the value. `path` points into the request.
 */
export function findMaskedValues(input: Json, { shown, original, writeOnly }: ShownInput): Issue[] {
  const blanked = replaceAt(input, writeOnly, (value) => (value === MASKED ? null : value));
  const copied = [...findTexts(input, { shown, original, blanked }, [])];
  return copied.map((path) => ({
    code: 'input_invalid',
    path: `/input${jsonPointer(path)}`,
    message: `holds "${MASKED}", which stands for a hidden value: give the value itself, or leave out input to use the same one again`,
  }));
}

/** The values that belong to the same place in several forms of an input; undefined where one has no such place. */
interface Forms {
  shown: Json | undefined;
  original: Json | undefined;
  blanked: Json | undefined;
}

function* findTexts(value: Json, forms: Forms, path: string[]): Generator<string[]> {
  if (typeof value === 'string') {
    if (forms.blanked === null || isCopied(value, forms)) yield path;
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    const { shown, original, blanked } = forms;
    const below = { shown: partOf(shown, name), original: partOf(original, name), blanked: partOf(blanked, name) };
    yield* findTexts(part, below, [...path, name]);
  }
}

/** Holds for a text with the mask that is shown at its place: a part of the text where the mask is shown as a part of it. */
function isCopied(text: string, { shown, original }: Forms): boolean {
  if (typeof shown !== 'string' || shown === original || !shown.includes(MASKED)) return false;
  return shown === MASKED ? text === MASKED : text.includes(MASKED);
}

function partOf(whole: Json | undefined, name: string): Json | undefined {
  if (typeof whole !== 'object' || whole === null || !Object.hasOwn(whole, name)) return undefined;
  return (whole as JsonObject)[name]; // a list has its entries by their numbers
}
