import type { ConfirmationDialog, KnownBlock, RichTextBlock, View } from '@slack/web-api';
import { type FormField, fieldChoices, formFields, WHOLE_FORM } from '../model/inquiry-form.ts';
import { plainText } from '../model/json.ts';
import type { Message, MessageOption } from './message.ts';

// Messages in Slack. Texts of users only appear in rich text and plain text, which have no markup to inject into.

/** How many characters of a text are shown; the API has all of it. */
const LONGEST = 2_500;

/** The maximum length of the text of a confirmation dialog, in characters. */
const LONGEST_CONFIRM = 300;

/** Escapes the three markup characters of Slack's plain texts. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Returns the text that notifications show instead of the message. */
export function fallbackText({ title, status }: Message): string {
  const safe = escaped(title.slice(0, 300));
  return status === 'pending' ? safe : `${safe} – ${status}`;
}

/**
 * Renders the message: the question, what approval runs, who asks and the deadline, with buttons while the inquiry is
 * open.
 */
export function messageBlocks(message: Message): KnownBlock[] {
  const { title, reason, details, plan, facts, votes, closing, options } = message;
  const blocks: KnownBlock[] = [rich([{ text: title, bold: true }])];
  if (reason !== null) blocks.push(rich([{ text: reason, italic: true }]));
  if (details !== null) blocks.push(rich([{ text: details }]));
  for (const { heading, input } of plan) blocks.push(rich([{ text: heading }]), preformatted(input));
  blocks.push(rich([{ text: facts, italic: true }]));
  if (votes.length > 0) blocks.push(rich([{ text: votes.join('\n') }]));
  if (closing !== null) blocks.push(rich([{ text: closing, bold: true }]));
  else blocks.push({ type: 'actions', elements: options.map((option) => button(option, message)) });
  return blocks;
}

function button(option: MessageOption, message: Message) {
  const { ref, label, style, sealed } = option;
  return {
    type: 'button' as const,
    text: plain(label, 75),
    action_id: `decide:${ref}`,
    value: sealed,
    ...(style === 'default' ? {} : { style }),
    // A form is already a second step.
    ...(option.asks ? {} : { confirm: confirmation(option, message) }),
  };
}

/** Renders the confirmation dialog, which says what will run. */
function confirmation({ label, style }: MessageOption, { title, plan }: Message): ConfirmationDialog {
  const runs = plan.map(({ heading, input }) => `${heading}: ${input.replaceAll(/\s+/g, ' ')}`);
  const text = plan.length === 0 ? title : runs.join('\n');
  return {
    title: plain(label, 100),
    text: plain(text, LONGEST_CONFIRM),
    confirm: plain(label, 30),
    deny: plain('Back', 30),
    ...(style === 'default' ? {} : { style }),
  };
}

/** Renders the form of an option, with a field for the reason. */
export function formView({ title, form }: Message, option: MessageOption): View {
  return {
    type: 'modal',
    callback_id: 'decide',
    private_metadata: option.sealed,
    title: plain(option.label, 24),
    submit: plain('Send', 24),
    close: plain('Back', 24),
    blocks: [
      rich([{ text: title, bold: true }]),
      ...(option.form ? formFields(form).map(inputBlock) : []),
      {
        type: 'input',
        block_id: 'comment',
        optional: true,
        label: plain('Reason', 24),
        element: { type: 'plain_text_input', action_id: 'value', multiline: true, max_length: 3_000 },
      },
    ],
  };
}

function inputBlock({ name, schema, required }: FormField): KnownBlock {
  const { title, type } = schema;
  const label = plain(typeof title === 'string' ? title : name === WHOLE_FORM ? 'Answer (JSON)' : name, 200);
  const block = { type: 'input' as const, block_id: `field:${name}`, optional: !required, label };
  const choices = fieldChoices(schema);
  if (choices !== null) {
    const options = choices
      .slice(0, 100)
      .map((choice) => ({ text: plain(plainText(choice), 75), value: JSON.stringify(choice).slice(0, 150) }));
    return { ...block, element: { type: 'static_select', action_id: 'value', options } };
  }
  return {
    ...block,
    element: {
      type: 'plain_text_input',
      action_id: 'value',
      multiline: type !== 'string' && type !== 'integer' && type !== 'number',
    },
  };
}

function plain(text: string, most: number) {
  const short = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return { type: 'plain_text' as const, text: short, emoji: false };
}

function rich(parts: { text: string; bold?: boolean; italic?: boolean }[]): RichTextBlock {
  const elements = parts.map(({ text, bold, italic }) => ({
    type: 'text' as const,
    text: shortened(text),
    ...(bold || italic ? { style: { ...(bold && { bold }), ...(italic && { italic }) } } : {}),
  }));
  return { type: 'rich_text', elements: [{ type: 'rich_text_section', elements }] };
}

function preformatted(text: string): RichTextBlock {
  const elements = [{ type: 'text' as const, text: shortened(text) }];
  return { type: 'rich_text', elements: [{ type: 'rich_text_preformatted', elements }] };
}

/** Returns a text that Slack accepts, since it refuses empty ones. */
function shortened(text: string): string {
  if (text === '') return ' ';
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
