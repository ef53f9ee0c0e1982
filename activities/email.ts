import type { z } from 'zod';
import { egressErrorIn } from '../egress/egress.ts';
import { type MailTransport, mailTransport } from '../egress/mail.ts';
import { EmailInputSchema } from '../model/builtin-actions.ts';
import { type MailAddress, parseMailAddresses } from '../model/mail.ts';
import { type ActionContext, ActionError, type ConnectedAction } from './action.ts';

type EmailInput = z.infer<typeof EmailInputSchema>;

/**
 * `email.send` by SMTP: `{ message_id, accepted, rejected }`. Every attempt of a task has the same Message-ID. Fails with
 * `email_error`; its code is the server's answer, such as `SMTP_550`, or the system's own. What a server refuses for now (4xx) is tried
 * again, an address that is none is `input_invalid`.
 */
export const sendEmail: ConnectedAction<'email', EmailInput> = {
  pack: 'email',
  input: EmailInputSchema,
  async run(input, { settings, secrets }, { addressOf, signal, token, encoded }) {
    const [sender] = addressesIn('from', input.from ?? settings.from);
    const mail = {
      from: sender!,
      to: addressesIn('to', input.to),
      cc: addressesIn('cc', input.cc),
      bcc: addressesIn('bcc', input.bcc),
      replyTo: addressesIn('reply_to', input.reply_to),
      subject: input.subject,
      messageId: `<${token}@${sender!.address.split('@')[1]!.replace(/[^\w.-]/g, '')}>`,
      ...(input.text === undefined ? {} : { text: input.text }),
      ...(input.html === undefined ? {} : { html: input.html }),
      headers: input.headers ?? {},
      attachments: attachmentsOf(input, encoded),
      // A mail is made of its input alone.
      ...{ disableFileAccess: true, disableUrlAccess: true },
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

function addressesIn(field: keyof EmailInput, given: string | string[] | undefined): MailAddress[] {
  if (given === undefined) return [];
  return (Array.isArray(given) ? given : [given]).flatMap((text) => {
    const found = parseMailAddresses(text);
    if (found !== null && (field !== 'from' || found.length === 1)) return found;
    const message = `${JSON.stringify(text)} is not an address, nor several by commas`;
    throw new ActionError('input_invalid', `the input is invalid: /${field} ${message}`, {
      details: [{ code: 'input_invalid', path: `/${field}`, message }],
      retryable: false,
    });
  });
}

function attachmentsOf({ attachments = [] }: EmailInput, encoded: ActionContext['encoded']) {
  return attachments.map(({ filename, content_type: contentType, text, base64 }) => {
    const content = base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64');
    encoded(content);
    return { filename, content, ...(contentType === undefined ? {} : { contentType }) };
  });
}

function failureOf(error: unknown): unknown {
  if (egressErrorIn(error) !== undefined) return error;
  const { message, code, responseCode } = error as Error & { code?: string; responseCode?: number };
  // A server that says 4xx wants to be asked again: it is busy, or does not know the sender yet.
  const permanent = responseCode === undefined ? code === 'EAUTH' || code === 'EENVELOPE' : responseCode >= 500;
  return new ActionError('email_error', `mail: ${message}`, {
    ...{ code: responseCode === undefined ? (code ?? 'MAIL_FAILED') : `SMTP_${responseCode}` },
    ...{ retryable: !permanent, cause: error },
  });
}

function plain(list: readonly (string | { address: string })[]): string[] {
  return list.map((entry) => (typeof entry === 'string' ? entry : entry.address));
}
