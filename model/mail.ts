import { z } from 'zod';
import { FILE_CONTENT, hasOneContent, ONE_CONTENT } from './base64.ts';

/** Matches a single address, in which nothing begins another address, a command or a header. */
const ADDRESS = /^[^\s@<>(),;:"[\]\\\p{Cc}]+@[^\s@<>(),;:"[\]\\\p{Cc}]+$/u;

/** A recipient or a sender: the shown name, and the address. */
export interface MailAddress {
  name: string;
  address: string;
}

/** The number of characters of a text with addresses, and of a sender. */
const MAX_LIST_LENGTH = 20_000;
const MAX_SENDER_LENGTH = 1_000;

/** The number of addresses of one mail: recipients of every kind, and those for replies. */
export const MAX_MAIL_ADDRESSES = 100;

/** One entry of a list: an address, or a name, which may be quoted, with an address in angle brackets. */
const ENTRY = /^(?:([^<>"]*|"(?:[^"\\]|\\.)*"\s*)<([^<>]*)>|([^<>\s]*))$/u;

/**
 * Parses addresses separated by commas or semicolons, each alone or in angle brackets after a name. Returns null for a text without an
 * address, with an invalid one, with a character that could begin another header or command, or with more than 20,000 characters.
 */
export function parseMailAddresses(text: string): MailAddress[] | null {
  if (text.length > MAX_LIST_LENGTH || /\p{Cc}/u.test(text)) return null;
  const found: MailAddress[] = [];
  for (const entry of entriesOf(text)) {
    const [, name = '', bracketed, alone] = ENTRY.exec(entry) ?? [];
    const address = bracketed ?? alone ?? '';
    if (!ADDRESS.test(address)) return null;
    const written = name.trim();
    found.push({ name: written.startsWith('"') ? written.slice(1, -1).replaceAll(/\\(.)/gu, '$1') : written, address });
  }
  return found.length === 0 ? null : found;
}

/** Splits a text at the commas and semicolons outside quotes, in one pass; blank entries are left out. */
function entriesOf(text: string): string[] {
  const entries: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted && character === '\\') index += 1;
    else if (!isQuoted && (character === ',' || character === ';')) {
      entries.push(text.slice(start, index));
      start = index + 1;
    }
  }
  entries.push(text.slice(start));
  return entries.map((entry) => entry.trim()).filter((entry) => entry !== '');
}

/** The sender of mail: an address, or a name with an address in angle brackets, in one line. */
export const MailSenderSchema = z
  .string()
  .max(MAX_SENDER_LENGTH)
  .refine(
    (text) => parseMailAddresses(text)?.length === 1,
    'must be an address, or a name with an address in angle brackets',
  );

/** Addresses as a text separated by commas, or a list of such texts; each is checked when the mail is sent. */
const AddressList = z.string().max(MAX_LIST_LENGTH);
const Addresses = z.union([AddressList, z.array(AddressList).max(MAX_MAIL_ADDRESSES)]);

/** Headers that every mail has already, or that describe its route. */
const OWN_HEADERS = new Set([
  ...['from', 'sender', 'to', 'cc', 'bcc', 'reply-to', 'subject', 'date', 'message-id', 'mime-version'],
  ...['return-path', 'received', 'delivered-to', 'dkim-signature', 'authentication-results'],
]);

function isOwnHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return OWN_HEADERS.has(lower) || /^(content|resent|arc)-/.test(lower);
}

const AttachmentSchema = z
  .strictObject({
    filename: z.string().min(1).max(255),
    content_type: z
      .string()
      .max(200)
      .regex(/^[\w.+-]+\/[\w.+-]+(; *[\w-]+=[\w.+-]+)*$/, 'must be a media type, as in "text/csv"')
      .refine((type) => !/^(multipart|message)\//i.test(type), 'must not be a multipart or message type')
      .meta({ 'x-expected': 'a media type, as in "text/csv"' })
      .optional(),
    ...FILE_CONTENT,
  })
  .refine(hasOneContent, ONE_CONTENT)
  .refine(
    ({ text, content_type: type = '' }) =>
      text === undefined || !/;\s*charset=(?!(utf-8|us-ascii)(;|$))/i.test(type.replaceAll(' ', '')),
    {
      path: ['content_type'],
      message: 'must have the charset utf-8 with "text": use "base64" for other charsets',
    },
  );

/** The fields of `email.send` without its connection. */
export const MAIL_FIELDS = {
  to: Addresses,
  cc: Addresses.optional(),
  bcc: Addresses.optional(),
  reply_to: Addresses.optional(),
  subject: z.string(),
  text: z.string().optional(),
  html: z.string().optional(),
  from: MailSenderSchema.optional(),
  attachments: z.array(AttachmentSchema).max(50).optional().describe('Files, each with `text` or `base64`.'),
  headers: z
    .record(
      z
        .string()
        .max(100)
        .regex(/^[A-Za-z0-9][A-Za-z0-9-]*$/, 'is not a valid header name')
        .refine((name) => !isOwnHeader(name), 'is set by Fermata and must not be given'),
      z
        .string()
        .max(2_000)
        .regex(/^\P{Cc}*$/u, 'must be one line')
        .meta({ 'x-expected': 'one line' }),
    )
    .optional()
    .describe('Further headers, such as `List-Unsubscribe`.'),
};
