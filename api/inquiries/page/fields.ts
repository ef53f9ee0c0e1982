import { html } from 'hono/html';
import { type FormField, fieldChoices, formFields, WHOLE_FORM } from '../../../model/inquiry-form.ts';
import type { Issue } from '../../../model/issue.ts';
import { type JsonObject, plainText } from '../../../model/json.ts';

/** The text that a person has entered in each control, by name. */
export type Entered = Readonly<Record<string, string>>;

/** The problems of a form: by field, and those of no field. */
export interface Problems {
  fields: ReadonlyMap<string, string>;
  rest: readonly string[];
}

type Html = ReturnType<typeof html>;

/** The attributes of a control; `true` writes only the name, undefined and `false` write nothing. */
type Attributes = Record<string, string | number | boolean | undefined>;

/** Returns the name of a field's control in the form that is sent. */
export function controlName(field: string): string {
  return `field:${field}`;
}

/** Returns the id of a field's control, without spaces, which would separate ids. */
export function controlId(field: string): string {
  return `field:${encodeURIComponent(field)}`;
}

/** Assigns the issues of a response to the fields of its schema. */
export function assignProblems(schema: JsonObject | null, issues: readonly Issue[]): Problems {
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

/** Renders the controls of a form, with the entered values and their problems. */
export function formControls(schema: JsonObject | null, entered: Entered, { fields }: Problems): Html[] {
  return formFields(schema).map((field) =>
    labelled(field, entered[controlName(field.name)] ?? '', fields.get(field.name)),
  );
}

/** Returns the label of a field. */
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
      return html`<option${written({ value: text, selected: text === value })}>${plainText(choice)}</option>`;
    });
    return html`<select${written(attributes)}><option value=""></option>${options}</select>`;
  }
  const { type } = schema;
  if (type === 'integer' || type === 'number') {
    return html`<input${written({ ...attributes, ...numberBounds(schema, value), value })}>`;
  }
  if (type === 'string') return html`<input${written({ ...attributes, ...textBounds(schema), value })}>`;
  // HTML drops a line feed after the tag, so another one precedes the text.
  return html`<textarea${written({ ...attributes, rows: 4 })}>${'\n'}${value}</textarea>`;
}

function textBounds({ minLength, maxLength, pattern }: JsonObject): Attributes {
  return {
    minlength: numberOf(minLength),
    maxlength: numberOf(maxLength),
    // The pattern of a schema may match anywhere, but that of a control must match the whole text.
    pattern: typeof pattern === 'string' ? `[\\s\\S]*(?:${pattern})[\\s\\S]*` : undefined,
  };
}

/** Returns the bounds of a number control. Steps count from `min`, and without it from the value. */
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

/** Returns the smallest number above an exclusive bound: the next whole number, or the bound itself. */
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
