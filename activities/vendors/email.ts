import { domainToASCII } from 'node:url';
import type { z } from 'zod';
import { egressErrorIn } from '../../egress/egress.ts';
import { type MailTransport, mailTransport } from '../../egress/mail.ts';
import { EmailInputSchema } from '../../model/builtin-actions.ts';
import { MAX_MAIL_ADDRESSES, type MailAddress, parseMailAddresses } from '../../model/mail.ts';
import { type ActionContext, ActionError, type ConnectedAction } from '../action.ts';

type EmailInput = z.infer<typeof EmailInputSchema>;

/**
 * `email.send` (SMTP): returns `{ message_id, accepted, rejected }`. All attempts of a task have the same Message-ID.
 * Fails with `email_error`; its code is the response of the server, such as `SMTP_550`, or that of the operating
 * system. Temporary refusals (4xx) are retried. Invalid addresses, or more than 100, are `input_invalid`.
 */
export const sendEmail: ConnectedAction<'email', EmailInput> = {
  pack: 'email',
  input: EmailInputSchema,
  async run(input, { settings, secrets }, { addressOf, signal, token, encoded, decoded }) {
    const [sender] = addressesIn('from', input.from ?? settings.from);
    const [to, cc, bcc, replyTo] = [
      addressesIn('to', input.to),
      addressesIn('cc', input.cc),
      addressesIn('bcc', input.bcc),
      addressesIn('reply_to', input.reply_to),
    ];
    const count = to.length + cc.length + bcc.length + replyTo.length;
    if (count > MAX_MAIL_ADDRESSES)
      throw invalid('to', `the mail has ${count} addresses; at most ${MAX_MAIL_ADDRESSES} are allowed`);
    const mail = {
      from: sender!,
      to,
      cc,
      bcc,
      replyTo,
      subject: input.subject,
      messageId: `<${token}@${domainOf(sender!)}>`,
      ...(input.text === undefined ? {} : { text: input.text }),
      ...(input.html === undefined ? {} : { html: input.html }),
      headers: input.headers ?? {},
      attachments: attachmentsOf(input, { encoded, decoded }),
      // A mail is built from its input only.
      disableFileAccess: true,
      disableUrlAccess: true,
    };
    let transport: MailTransport | null = null;
    const stop = () => transport?.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      transport = await mailTransport(secrets.url, { addressOf });
      const sent = await transport.sendMail(mail);
      return { message_id: sent.messageId, accepted: plain(sent.accepted), rejected: plain(sent.rejected) };
    } catch (error) {
      throw failureOf(error);
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
    }
  },
};

/** Returns the addresses of a field; a blank text has none, which is only allowed if the field is optional. */
function addressesIn(field: keyof EmailInput, given: string | string[] = []): MailAddress[] {
  const isNeeded = field === 'to' || field === 'from';
  return (Array.isArray(given) ? given : [given]).flatMap((text) => {
    if (!isNeeded && text.trim() === '') return [];
    const found = parseMailAddresses(text);
    if (found !== null && (field !== 'from' || found.length === 1)) return found;
    throw invalid(field, `${JSON.stringify(text)} is not an address, nor several separated by commas`);
  });
}

function invalid(field: keyof EmailInput, message: string): ActionError {
  return new ActionError('input_invalid', `the input is invalid: /${field} ${message}`, {
    details: [{ code: 'input_invalid', path: `/${field}`, message }],
    retryable: false,
  });
}

/** Returns the domain of an address in ASCII (Punycode), for the right side of a Message-ID. */
function domainOf({ address }: MailAddress): string {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  return domainToASCII(domain) || domain.replaceAll(/[^\w.-]/g, '') || 'localhost';
}

function attachmentsOf(
  { attachments = [] }: EmailInput,
  { encoded, decoded }: Pick<ActionContext, 'encoded' | 'decoded'>,
) {
  return attachments.map(({ filename, content_type: contentType, text, base64 }) => {
    if (base64 !== undefined) decoded(base64);
    const content = base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64');
    encoded(content);
    return { filename, content, ...(contentType === undefined ? {} : { contentType }) };
  });
}

function failureOf(error: unknown): unknown {
  if (egressErrorIn(error) !== undefined) return error;
  const { message, code, responseCode } = error as Error & { code?: string; responseCode?: number };
  // 4xx is temporary: the server is busy, or does not know the sender yet.
  const permanent = responseCode === undefined ? code === 'EAUTH' || code === 'EENVELOPE' : responseCode >= 500;
  return new ActionError('email_error', `mail: ${message}`, {
    code: responseCode === undefined ? (code ?? 'MAIL_FAILED') : `SMTP_${responseCode}`,
    retryable: !permanent,
    cause: error,
  });
}

function plain(list: readonly (string | { address: string })[]): string[] {
  return list.map((entry) => (typeof entry === 'string' ? entry : entry.address));
}
