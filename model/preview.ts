import { type Json, utf8Length } from './json.ts';

/** The most characters of a value's JSON in a preview. */
const SHOWN_TEXT = 200;

/** The most paths of a condition whose values are shown. */
export const SHOWN_PATHS = 20;

/** The beginning of a value. */
export interface Preview {
  /** The size of its JSON in bytes, and the first characters of that. */
  bytes: number;
  text: string;
  truncated: boolean;
}

/** Returns the beginning of a value. */
export function preview(value: Json): Preview {
  const text = JSON.stringify(value);
  return { bytes: utf8Length(text), text: text.slice(0, SHOWN_TEXT), truncated: text.length > SHOWN_TEXT };
}
