import { z } from 'zod';
import { FILE_CONTENT, hasOneContent, ONE_CONTENT } from './base64.ts';

/** An address alone: nothing in it begins another address, a command or a header. */
const ADDRESS = /^[^\s@<>(),;:"[\]\\\p{Cc}]+@[^\s@<>(),;:"[\]\\\p{Cc}]+$/u;

/** A recipient or a sender: what is shown, and where it goes. */
export interface MailAddress {
  name: string;
  address: string;
}

/** One entry of a list: an address, or a name, which may be quoted, with an address in angle brackets. */
const ENTRY = /^(?:([^<>"]*|"(?:[^"\\]|\\.)*"\s*)<([^<>]*)>|([^<>\s]*))$/u;

/**
 * Parses addresses by commas or semicolons, each alone or in angle brackets behind a name; null where one of them is none, or a character in
 * them could begin another header or command.
 */
export function parseMailAddresses(text: string): MailAddress[] | null {
  if (/\p{Cc}/u.test(text)) return null;
  const found: MailAddress[] = [];
  // What stands in quotes separates nothing.
  for (const entry of text.match(/(?:"(?:[^"\\]|\\.)*"|[^",;])+|"/gu) ?? ['']) {
    const [, name = '', bracketed, alone] = ENTRY.exec(entry.trim()) ?? [];
    const address = bracketed ?? alone ?? '';
    if (!ADDRESS.test(address)) return null;
    const written = name.trim();
    found.push({ name: written.startsWith('"') ? written.slice(1, -1).replaceAll(/\\(.)/gu, '$1') : written, address });
  }
  return found;
}

/** The sender of mail: an address, or a name with an address in angle brackets, in one line. */
export const MailSenderSchema = z
  .string()
  .refine(
    (text) => parseMailAddresses(text)?.length === 1,
    'must be an address, or a name with an address in angle brackets',
  );

/** Addresses as a text by commas, or a list of such texts; each is checked when the mail is sent. */
const Addresses = z.union([z.string(), z.array(z.string()).max(1_000)]);

/** Headers that a mail has by itself, or that say by which way it came. */
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
      .optional(),
    ...FILE_CONTENT,
  })
  .refine(hasOneContent, ONE_CONTENT);

/** The fields of `email.send` beside its connection. */
export const MAIL_FIELDS = {
  to: Addresses,
  cc: Addresses.optional(),
  bcc: Addresses.optional(),
  reply_to: Addresses.optional(),
  subject: z.string(),
  text: z.string().optional(),
  html: z.string().optional(),
  from: MailSenderSchema.optional(),
  attachments: z.array(AttachmentSchema).max(50).optional().describe('Files, each with its `text` or its `base64`.'),
  headers: z
    .record(
      z
        .string()
        .max(100)
        .regex(/^[A-Za-z0-9][A-Za-z0-9-]*$/, 'is not a valid header name')
        .refine((name) => !isOwnHeader(name), 'is set by Fermata and cannot be given'),
      z
        .string()
        .max(2_000)
        .regex(/^\P{Cc}*$/u, 'must be one line'),
    )
    .optional()
    .describe('Further headers, such as `List-Unsubscribe`.'),
};
