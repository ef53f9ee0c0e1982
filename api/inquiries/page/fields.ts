import { html } from 'hono/html';
import { type FormField, fieldChoices, formFields, WHOLE_FORM } from '../../../model/inquiry-form.ts';
import type { Issue } from '../../../model/issue.ts';
import type { JsonObject } from '../../../model/json.ts';

/** What somebody entered: the text of each control, by its name. */
export type Entered = Readonly<Record<string, string>>;

/** What is wrong with a form: by field, and what belongs to no field. */
export interface Problems {
  fields: ReadonlyMap<string, string>;
  rest: readonly string[];
}

type Html = ReturnType<typeof html>;

/** Attributes of a control; `true` writes the name alone, undefined and `false` nothing. */
type Attributes = Record<string, string | number | boolean | undefined>;

/** Returns the name of a field's control in the form that is sent. */
export function controlName(field: string): string {
  return `field:${field}`;
}

/** Returns the id of a field's control; without the spaces of its name, which would separate ids from each other. */
export function controlId(field: string): string {
  return `field:${encodeURIComponent(field)}`;
}

/** Sorts what is wrong with a response to the fields of its schema. */
export function problemsOf(schema: JsonObject | null, issues: readonly Issue[]): Problems {
  const names = formFields(schema).map(({ name }) => name);
  const fields = new Map<string, string>();
  const rest: string[] = [];
  for (const { path, message } of issues) {
    const [, , first, ...deeper] = path.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const whole = names[0] === WHOLE_FORM;
    const name = whole ? WHOLE_FORM : first;
    const below = whole ? path.replace('/response', '') : deeper.map((part) => `/${part}`).join('');
    const text = below === '' ? message : `${below} ${message}`;
    if (name === undefined || !names.includes(name)) rest.push(first === undefined ? message : `${first}: ${message}`);
    else fields.set(name, fields.has(name) ? `${fields.get(name)}; ${text}` : text);
  }
  return { fields, rest };
}

/** The controls of a form, with what was entered before and what was wrong with it. */
export function formControls(schema: JsonObject | null, entered: Entered, { fields }: Problems): Html[] {
  return formFields(schema).map((field) =>
    labelled(field, entered[controlName(field.name)] ?? '', fields.get(field.name)),
  );
}

/** What people call a field. */
export function fieldLabel({ name, schema: { title } }: FormField): string {
  if (typeof title === 'string') return title;
  return name === WHOLE_FORM ? 'Answer (JSON)' : name;
}

function labelled(field: FormField, value: string, problem: string | undefined): Html {
  const { name, schema, required } = field;
  const id = controlId(name);
  const note = typeof schema.description === 'string' ? schema.description : undefined;
  const described = [note === undefined ? '' : `${id}:note`, problem === undefined ? '' : `${id}:problem`];
  const attributes: Attributes = {
    id,
    name: controlName(name),
    required,
    'aria-invalid': problem === undefined ? undefined : 'true',
    'aria-describedby': described.filter((part) => part !== '').join(' ') || undefined,
  };
  return html`<label for="${id}">${fieldLabel(field)}${required ? '' : html` <span class="quiet">(optional)</span>`}</label>
${note === undefined ? '' : html`<div class="quiet" id="${id}:note">${note}</div>`}
${control(schema, attributes, value)}
${problem === undefined ? '' : html`<p class="problem" id="${id}:problem">${problem}</p>`}`;
}

function control(schema: JsonObject, attributes: Attributes, value: string): Html {
  const choices = fieldChoices(schema);
  if (choices !== null) {
    const options = choices.map((choice) => {
      const text = JSON.stringify(choice);
      return html`<option${written({ value: text, selected: text === value })}>${String(choice)}</option>`;
    });
    return html`<select${written(attributes)}><option value=""></option>${options}</select>`;
  }
  const { type } = schema;
  if (type === 'integer' || type === 'number') {
    return html`<input${written({ ...attributes, ...numberBounds(schema, value), value })}>`;
  }
  if (type === 'string') return html`<input${written({ ...attributes, ...textBounds(schema), value })}>`;
  // A line feed behind the tag is no part of the text, so one that was entered needs another before it.
  return html`<textarea${written({ ...attributes, rows: 4 })}>${'\n'}${value}</textarea>`;
}

function textBounds({ minLength, maxLength, pattern }: JsonObject): Attributes {
  return {
    minlength: numberOf(minLength),
    maxlength: numberOf(maxLength),
    // A schema's pattern may match anywhere, a control's must match all of the text.
    pattern: typeof pattern === 'string' ? `[\\s\\S]*(?:${pattern})[\\s\\S]*` : undefined,
  };
}

/** Bounds of a number control. Steps count from `min`, and without it from the value. */
function numberBounds(schema: JsonObject, value: string): Attributes {
  const { type, multipleOf, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const whole = type === 'integer';
  const divisor = numberOf(multipleOf) ?? (whole ? 1 : undefined);
  const step = divisor !== undefined && Number.isInteger(divisor) && divisor > 0 ? divisor : undefined;
  const least = greatestOf(numberOf(minimum), above(numberOf(exclusiveMinimum), whole ? 1 : 0));
  const most = negated(
    greatestOf(negated(numberOf(maximum)), above(negated(numberOf(exclusiveMaximum)), whole ? 1 : 0)),
  );
  const min = least === undefined || step === undefined ? least : Math.ceil(least / step) * step;
  const counted = step !== undefined && (min !== undefined || Number(value) % step === 0);
  return { type: 'number', min, max: most, step: counted ? step : 'any' };
}

/** The least number beyond an exclusive bound: the next whole one, or the bound itself. */
function above(bound: number | undefined, whole: 0 | 1): number | undefined {
  return bound === undefined || whole === 0 ? bound : Math.floor(bound) + 1;
}

function greatestOf(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}

function negated(bound: number | undefined): number | undefined {
  return bound === undefined ? undefined : 0 - bound;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function written(attributes: Attributes): Html[] {
  return Object.entries(attributes).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return [value === true ? html` ${name}` : html` ${name}="${value}"`];
  });
}
