import type { KnownBlock, RichTextBlock, View } from '@slack/web-api';
import type { InquiryOption, Vote } from '../model/inquiry.ts';
import { type FormField, fieldChoices, formFields, formResponse, WHOLE_FORM } from '../model/inquiry-form.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Notice } from '../model/notice.ts';

// What Slack shows of an inquiry. Texts of others stand in rich text alone, which has no markup to inject into.

/** Characters that one text shows; the page behind the link and the API have all of it. */
const LONGEST = 2_500;

/** A button's handle for each option. */
export type Handles = ReadonlyMap<string, string>;

/** What stands where notifications show a message: there, markup is told by three characters. */
export function fallbackText({ inquiry, ref }: Notice): string {
  const text = inquiry.request.prompt ?? `${ref} asks for a decision`;
  const safe = text.slice(0, 300).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return inquiry.status === 'pending' ? safe : `${safe} – ${inquiry.status}`;
}

/** The message: what is asked, what will run, who asks and until when; with buttons while it is open. */
export function messageBlocks(notice: Notice, handles: Handles | null): KnownBlock[] {
  const { inquiry, ref, owner } = notice;
  const { request, plan, votes, status, expires_at: expires } = inquiry;
  const blocks: KnownBlock[] = [rich([{ text: request.prompt ?? `${ref} asks for a decision`, bold: true }])];
  if (request.details !== null) blocks.push(rich([{ text: request.details }]));
  for (const { task, action, input, rendered } of plan.slice(0, 5)) {
    const shown = JSON.stringify(input, null, 2);
    const head = `${status === 'denied' ? 'Would have run' : 'Approval runs'} ${task} (${action})`;
    blocks.push(rich([{ text: rendered ? head : `${head}, with what is known then` }]), preformatted(shown));
  }
  const until = expires === null ? '' : ` · until ${expires.slice(0, 16).replace('T', ' ')} UTC`;
  blocks.push(rich([{ text: `${ref} · started by ${owner ?? 'nobody'}${until}`, italic: true }]));
  if (votes.length > 0) blocks.push(rich([{ text: votes.map(voteText).join('\n') }]));
  if (handles === null) blocks.push(rich([{ text: closingText(status, inquiry.decided_at), bold: true }]));
  else
    blocks.push({
      type: 'actions',
      elements: request.options.map((option) => button(option, handles.get(option.ref)!)),
    });
  return blocks;
}

function button({ ref, label, style }: InquiryOption, value: string) {
  return {
    ...{ type: 'button' as const, text: plain(label, 75), action_id: `decide:${ref}`, value },
    ...(style === 'default' ? {} : { style }),
  };
}

function voteText({ by, option, comment, at }: Vote): string {
  const said = comment === null || comment === '' ? '' : `: ${comment}`;
  return `${option} by ${by} at ${at.slice(0, 16).replace('T', ' ')} UTC${said}`;
}

function closingText(status: string, at: string | null): string {
  const when = at === null ? '' : ` at ${at.slice(0, 16).replace('T', ' ')} UTC`;
  const words: Record<string, string> = { cancelled: 'Withdrawn', expired: 'Expired: nobody decided in time' };
  return `${words[status] ?? status[0]!.toUpperCase() + status.slice(1)}${when}`;
}

/** The form that comes with a decision, and the reason for it; `handle` finds its way back. */
export function formView({ inquiry }: Notice, option: InquiryOption, handle: string): View {
  return {
    type: 'modal',
    callback_id: 'decide',
    private_metadata: handle,
    title: plain(option.label, 24),
    submit: plain('Send', 24),
    close: plain('Back', 24),
    blocks: [
      rich([{ text: inquiry.request.prompt ?? 'Your decision', bold: true }]),
      ...formFields(inquiry.request.response_schema).map(inputBlock),
      {
        ...{ type: 'input', block_id: 'comment', optional: true, label: plain('Reason', 24) },
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
      .map((choice) => ({ text: plain(String(choice), 75), value: JSON.stringify(choice).slice(0, 150) }));
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

/** What somebody has put into the form: the response, and the reason. */
export function readForm(schema: JsonObject | null, values: JsonObject): { response: Json; comment: string | null } {
  const given = (block: string): string | null => {
    const field = (values[block] as JsonObject | undefined)?.value as JsonObject | undefined;
    const chosen = (field?.selected_option as JsonObject | null | undefined)?.value;
    const text = typeof field?.value === 'string' ? field.value : typeof chosen === 'string' ? chosen : null;
    return text === '' ? null : text;
  };
  return { response: formResponse(schema, (name) => given(`field:${name}`) ?? ''), comment: given('comment') };
}

function plain(text: string, most: number) {
  const short = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return { type: 'plain_text' as const, text: short, emoji: false };
}

function rich(parts: { text: string; bold?: boolean; italic?: boolean }[]): RichTextBlock {
  const elements = parts.map(({ text, bold, italic }) => ({
    ...{ type: 'text' as const, text: shortened(text) },
    ...(bold || italic ? { style: { ...(bold && { bold }), ...(italic && { italic }) } } : {}),
  }));
  return { type: 'rich_text', elements: [{ type: 'rich_text_section', elements }] };
}

function preformatted(text: string): RichTextBlock {
  const elements = [{ type: 'text' as const, text: shortened(text) }];
  return { type: 'rich_text', elements: [{ type: 'rich_text_preformatted', elements }] };
}

/** Slack refuses a text without characters. */
function shortened(text: string): string {
  if (text === '') return ' ';
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
