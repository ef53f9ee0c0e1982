import type { Json } from '../../../model/json.ts';
import { JsonRefused, parseJson } from '../../../model/json-reader.ts';
import { refuseInput } from '../../client/request-error.ts';

/** The control in which JSON is entered: its name, and the label that a person knows it by. */
interface JsonControl {
  name: string;
  label: string;
}

/**
 * Reads JSON that a person has written; an empty text is `empty`. Throws a RequestError that names the field if the text is not JSON, or holds
 * what a value cannot represent as it is written, such as a number with too many digits.
 */
export function readJsonText<Empty>(text: string, { name, label }: JsonControl, empty: Empty): Json | Empty {
  if (text.trim() === '') return empty;
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonRefused) throw refuseInput(`In "${label}", ${error.message}.`, name);
    throw refuseInput(`"${label}" is not valid JSON: put text in quotes, as in "go".`, name);
  }
}
