import type { z } from 'zod';
import { mailTransport } from '../egress/mail.ts';
import { EmailInputSchema } from '../model/builtin-actions.ts';
import { ActionError, type ConnectedAction } from './action.ts';

/**
 * `email.send` by SMTP: `{ message_id, accepted, rejected }`. Every attempt of a task has the same Message-ID. Fails with
 * `email_error`; its code is the server's answer, such as `SMTP_550`, or nodemailer's own.
 */
export const sendEmail: ConnectedAction<'email', z.infer<typeof EmailInputSchema>> = {
  pack: 'email',
  input: EmailInputSchema,
  async run({ connection: _, from, ...mail }, { settings, secrets }, { addressOf, signal, token }) {
    const transport = await mailTransport(secrets.url, { addressOf });
    const stop = () => transport.close();
    signal.addEventListener('abort', stop, { once: true });
    const sender = from ?? settings.from;
    const domain = sender
      .split('@')
      .at(-1)!
      .replace(/[^\w.-]/g, '');
    try {
      const sent = await transport.sendMail({ ...definedOf(mail), from: sender, messageId: `<${token}@${domain}>` });
      return { message_id: sent.messageId, accepted: addresses(sent.accepted), rejected: addresses(sent.rejected) };
    } catch (error) {
      const { message, code, responseCode } = error as Error & { code?: string; responseCode?: number };
      const permanent = (responseCode ?? 0) >= 500 || code === 'EAUTH' || code === 'EENVELOPE';
      throw new ActionError('email_error', `mail: ${message}`, {
        ...{ code: responseCode === undefined ? (code ?? 'MAIL_FAILED') : `SMTP_${responseCode}` },
        ...{ retryable: !permanent, cause: error },
      });
    } finally {
      signal.removeEventListener('abort', stop);
      transport.close();
    }
  },
};

/** An object without the fields that are undefined. */
function definedOf<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // What is left out is not there, which the type cannot say.
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never;
}

function addresses(list: readonly (string | { address: string })[]): string[] {
  return list.map((entry) => (typeof entry === 'string' ? entry : entry.address));
}
