import { createTransport } from 'nodemailer';
import { type Announcer, type Notice, NoticeError } from '../model/notice.ts';

/** How mail goes out. */
export interface MailSettings {
  /** `smtp://user:password@host:port`, or `smtps://`. */
  url: string;
  from: string;
}

/** Milliseconds after which a mail server is given up for now. */
const TIMEOUT = 10_000;

/**
 * Asks people by e-mail, each with a link of their own. `linkFor` gives the link of an address; null where the question is
 * not one that a link can answer.
 */
export function createMailAnnouncer(
  { url, from }: MailSettings,
  linkFor: (notice: Notice) => Promise<string | null>,
): Announcer {
  const transport = createTransport({
    url,
    connectionTimeout: TIMEOUT,
    greetingTimeout: TIMEOUT,
    socketTimeout: TIMEOUT,
  });

  async function send(notice: Notice, lead: string): Promise<void> {
    const { inquiry, target, ref, owner } = notice;
    const { prompt, details } = inquiry.request;
    const link = await linkFor(notice);
    const lines = [
      `${lead}${prompt ?? `${ref} asks for a decision`}`,
      ...(details === null ? [] : ['', details]),
      ...['', `${ref}, started by ${owner ?? 'nobody'}.`],
      ...(inquiry.expires_at === null ? [] : [`It can be decided until ${inquiry.expires_at}.`]),
      ...['', link === null ? 'It is decided by signed-in people alone.' : `Look at it, and decide: ${link}`],
    ];
    // What breaks a line in a header would make another header.
    const subject = `${lead}${prompt ?? `${ref} asks for a decision`}`.replaceAll(/\s+/g, ' ').slice(0, 200);
    try {
      await transport.sendMail({ from, to: target, subject, text: lines.join('\n') });
    } catch (cause) {
      throw new NoticeError(`mail: ${(cause as Error).message}`, { cause });
    }
  }

  return {
    kind: 'email',
    async ask(notice) {
      await send(notice, '');
      return {};
    },
    // A mail cannot be changed; the link tells how it stands.
    update: async () => undefined,
    remind: (notice) => send(notice, 'Still to be decided: '),
  };
}
