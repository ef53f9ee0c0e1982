import type { Json, JsonObject } from '../../../model/json.ts';
import { refuseInput } from '../../client/request-error.ts';
import { readJsonText } from './json-text.ts';
import { type Field, planForm } from './plan.ts';

/** The text that has been entered, by the name of each control. */
type Entered = Pick<FormData, 'get'>;

/** Returns the name of the control that takes a whole form as JSON. */
export function wholeName(name: string): string {
  return `${name} as JSON`;
}

/**
 * Reads what a person has entered in a SchemaForm with the same schema and name. What is empty is left out; undefined: everything is, and
 * nothing is an object by the schema. Throws a RequestError that names the field where a text is no number or no JSON. Whether the value is
 * right by the schema is for the API to say.
 */
export function readSchemaForm(schema: JsonObject, name: string, entered: Entered): Json | undefined {
  const whole = entered.get(wholeName(name));
  return whole === null
    ? readField(planForm(schema, name), entered)
    : (readJsonText(String(whole), `"${name}"`, undefined) as Json | undefined);
}

function readField({ name, path, label, isRequired, control }: Field, entered: Entered): Json | undefined {
  if (control.kind === 'group') {
    const read = control.fields.map((field) => [field.name, readField(field, entered)] as const);
    const given = read.filter((entry): entry is [string, Json] => entry[1] !== undefined);
    return given.length === 0 && !isRequired ? undefined : Object.fromEntries(given);
  }
  const text = String(entered.get(path) ?? '');
  if (text.trim() === '' && (control.kind !== 'text' || text === '')) return undefined;
  if (control.kind === 'choice') return JSON.parse(text) as Json;
  if (control.kind === 'json') return readJsonText(text, `"${label || name}"`, undefined) as Json | undefined;
  if (control.kind !== 'list') return readScalar(control.kind, text, label);
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '').map((line) => readScalar(control.of, line, label));
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

function readScalar(kind: 'text' | 'number' | 'integer', text: string, label: string): Json {
  if (kind === 'text') return text;
  const number = NUMBER.test(text.trim()) ? Number(text) : Number.NaN;
  if (!Number.isFinite(number))
    throw refuseInput(`"${label}" must be a number, such as ${kind === 'integer' ? 3 : 2.5}.`);
  if (kind === 'integer' && !Number.isInteger(number)) throw refuseInput(`"${label}" must be a whole number.`);
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) throw refuseInput(`"${label}" has too many digits.`);
  return number;
}
