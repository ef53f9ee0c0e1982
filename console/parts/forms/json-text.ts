import { refuseInput } from '../../client/request-error.ts';

/**
 * Reads JSON that a person has written; an empty text is `empty`. Throws a RequestError that names the field where it is something else.
 */
export function readJsonText(text: string, what: string, empty: unknown): unknown {
  try {
    return text.trim() === '' ? empty : JSON.parse(text);
  } catch {
    throw refuseInput(`${what} is not JSON: a text needs quotes, as in "go".`);
  }
}
