import { isJsonObject, type Json, ownValue, plainText } from '../../../model/json.ts';
import type { ControlPlan, Field } from './plan.ts';

/** Returns the value with which a field begins, by the defaults of the schema; undefined: with none. */
export function readDefaults({ start, control }: Field): Json | undefined {
  if (control.kind !== 'group') return start;
  const given = isJsonObject(start) ? start : {};
  const values = control.fields.map((field) => [
    field.name,
    Object.hasOwn(given, field.name) ? given[field.name] : readDefaults(field),
  ]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** Returns the text that a control shows for a value; empty for none, and for a value that is not among the choices. */
export function textFor(control: Exclude<ControlPlan, { kind: 'group' }>, value: Json | undefined): string {
  if (value === undefined) return '';
  if (control.kind === 'json') return JSON.stringify(value, null, 2);
  if (control.kind === 'list' && Array.isArray(value)) return value.map(plainText).join('\n');
  if (control.kind !== 'choice') return plainText(value);
  const written = JSON.stringify(value);
  return control.choices.some((choice) => JSON.stringify(choice) === written) ? written : '';
}

/** Returns the texts that a field and those in it show for a value, by the name of each control, as a browser gives them back. */
export function textsFor({ path, control }: Field, value: Json | undefined): Map<string, string> {
  // Browsers know one way to end a line.
  if (control.kind !== 'group') return new Map([[path, textFor(control, value).replace(/\r\n?/g, '\n')]]);
  const values = isJsonObject(value) ? value : {};
  return new Map(control.fields.flatMap((field) => [...textsFor(field, ownValue(values, field.name))]));
}
