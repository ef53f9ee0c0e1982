import { type FormField, fieldChoices, formFields, WHOLE_FORM } from '../model/inquiry-form.ts';
import { type Json, type JsonObject, plainText } from '../model/json.ts';
import type { Message, MessageOption } from './message.ts';

// Adaptive Cards in Teams. Texts of users only appear in rich text, which has no markup to inject into.

/** How many characters of a text are shown; the API has all of it. */
const LONGEST = 2_500;

/** The prefix of the ids of form inputs. */
const FIELD = 'field:';

/** The parts of a card besides the inquiry: problems, by field if they belong to one, and entered values. */
export interface CardNote {
  text: string | null;
  issues: readonly { path: string; message: string }[];
  written: (input: string) => string;
}

const NOTHING: CardNote = { text: null, issues: [], written: () => '' };

/** Wraps a card as the attachment of a message. */
export function buildAttachment(message: Message, note: CardNote = NOTHING): JsonObject {
  return { contentType: 'application/vnd.microsoft.card.adaptive', content: renderCard(message, note) };
}

/** Renders the card of an inquiry: the question, what approval runs, the form, and buttons while it is open. */
export function renderCard(message: Message, note: CardNote = NOTHING): JsonObject {
  const { title, reason, details, plan, facts, votes, closing, options, form, status } = message;
  const open = options.length > 0;
  const body: JsonObject[] = [text(title, { weight: 'Bolder', size: 'Medium' })];
  if (reason !== null) body.push(text(reason, { isSubtle: true }));
  if (details !== null) body.push(text(details));
  for (const { heading, input } of plan) body.push(text(heading), text(input, { fontType: 'Monospace' }));
  body.push(text(facts, { isSubtle: true }));
  if (votes.length > 0) body.push(text(votes.join('\n')));
  if (closing !== null) body.push(text(closing, { weight: 'Bolder' }));
  if (open) body.push(...inputsOf(options, form, note));
  if (note.text !== null) body.push(text(note.text, { color: 'Attention', weight: 'Bolder' }));
  return {
    type: 'AdaptiveCard',
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    version: '1.5',
    fallbackText: shortened(status === 'pending' ? title : `${title} – ${status}`),
    body,
    actions: options.map(actionOf),
  };
}

/** Returns the id of the input of a form field. */
export function inputIdOf(field: string): string {
  return FIELD + field;
}

function actionOf({ label, style, sealed }: MessageOption): JsonObject {
  const styles = { primary: 'positive', danger: 'destructive', default: 'default' };
  const action = { title: label, style: styles[style], data: { sealed } };
  return {
    type: 'Action.Execute',
    verb: 'decide',
    ...action,
    // Clients that do not support the first action send a message instead.
    fallback: { type: 'Action.Submit', ...action },
  };
}

function inputsOf(options: readonly MessageOption[], form: JsonObject | null, note: CardNote): JsonObject[] {
  const fields = options.some((option) => option.form) ? formFields(form) : [];
  const inputs = fields.flatMap((field) => {
    const id = inputIdOf(field.name);
    const wrong = note.issues.filter(({ path }) => path.split('/')[2] === field.name);
    return [inputFor(field, id, note.written(id)), ...wrong.map(problem)];
  });
  const names = new Set(fields.map(({ name }) => name));
  const others = note.issues.filter(({ path }) => !names.has(path.split('/')[2] ?? ''));
  const reason = { type: 'Input.Text', id: 'comment', label: 'Reason', isMultiline: true, maxLength: 3_000 };
  return [...inputs, ...others.map(problem), { ...reason, value: note.written('comment') }];
}

function inputFor({ name, schema, required }: FormField, id: string, value: string): JsonObject {
  const title = typeof schema.title === 'string' ? schema.title : name === WHOLE_FORM ? 'Answer (JSON)' : name;
  const label = required ? `${title} (required)` : title;
  const choices = fieldChoices(schema);
  if (choices !== null) {
    const shown = choices
      .slice(0, 100)
      .map((choice): Json => ({ title: plainText(choice), value: JSON.stringify(choice) }));
    return { type: 'Input.ChoiceSet', id, label, choices: shown, value };
  }
  const { type } = schema;
  return {
    type: 'Input.Text',
    id,
    label,
    isMultiline: type !== 'string' && type !== 'integer' && type !== 'number',
    value,
  };
}

function problem({ message }: { message: string }): JsonObject {
  return text(message, { color: 'Attention' });
}

function text(content: string, style: JsonObject = {}): JsonObject {
  return { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: shortened(content), ...style }] };
}

function shortened(content: string): string {
  if (content === '') return ' ';
  return content.length > LONGEST ? `${content.slice(0, LONGEST)}…` : content;
}
