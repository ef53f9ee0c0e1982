import { canonicalJson, type Json, type JsonObject } from '../../../model/json.ts';
import { inexactness } from '../../../model/json-reader.ts';
import { RequestError, refuseInput } from '../../client/request-error.ts';
import { textsFor } from './field-text.ts';
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
 * nothing is an object by the schema. Throws a RequestError that names the field where a text is not a number or not JSON. Whether the value is
 * right by the schema is for the API to say.
 */
export function readSchemaForm(schema: JsonObject, name: string, entered: Entered): Json | undefined {
  const whole = entered.get(wholeName(name));
  return whole === null
    ? readField(planForm(schema, name), entered)
    : readJsonText(String(whole), { name: wholeName(name), label: name }, undefined);
}

/** Reports whether the controls of a field, and of those in it, can show a value so that the same value is read from them. */
export function canShow(field: Field, value: Json): boolean {
  const texts = textsFor(field, value);
  try {
    const read = readField(field, { get: (name) => texts.get(name) ?? null });
    return read !== undefined && canonicalJson(read) === canonicalJson(value);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return false;
  }
}

function readField({ name, path, label, isRequired, control }: Field, entered: Entered): Json | undefined {
  if (control.kind === 'group') {
    const read = control.fields.map((field) => [field.name, readField(field, entered)] as const);
    const given = read.filter((entry): entry is [string, Json] => entry[1] !== undefined);
    return given.length === 0 && !isRequired ? undefined : Object.fromEntries(given);
  }
  const text = String(entered.get(path) ?? '');
  if (text.trim() === '' && (control.kind !== 'text' || text === '')) return undefined;
  const place = { name: path, label: label || name };
  if (control.kind === 'choice') return readChoice(control.choices, text, place);
  if (control.kind === 'json') return readJsonText(text, place, undefined);
  if (control.kind !== 'list') return readScalar(control.kind, text, place);
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '').map((line) => readScalar(control.of, line, place));
}

/** The control of a field: its name, and the label that a person knows it by. */
interface ControlPlace {
  name: string;
  label: string;
}

function readChoice(choices: readonly Json[], text: string, { name, label }: ControlPlace): Json {
  const chosen = choices.find((choice) => JSON.stringify(choice) === text);
  if (chosen === undefined) throw refuseInput(`"${label}" must be one of the choices.`, name);
  return chosen;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

function readScalar(kind: 'text' | 'number' | 'integer', text: string, { name, label }: ControlPlace): Json {
  if (kind === 'text') return text;
  const written = text.trim();
  const number = NUMBER.test(written) ? Number(written) : Number.NaN;
  const refuse = (problem: string) => refuseInput(`"${label}" ${problem}.`, name);
  if (!Number.isFinite(number)) throw refuse(`must be a number, such as ${kind === 'integer' ? 3 : 2.5}`);
  if (kind === 'integer' && !Number.isInteger(number)) throw refuse('must be a whole number');
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) throw refuse('has too many digits');
  if (inexactness(written) !== null) throw refuse('is too small for a number');
  return number;
}
