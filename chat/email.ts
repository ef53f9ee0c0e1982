import type { Egress } from '../egress/egress.ts';
import { type MailTransport, mailTransport } from '../egress/mail.ts';
import { type Announcer, type Notice, NoticeError } from '../model/notice.ts';

/** Milliseconds after which a mail is given up for now. */
const TIMEOUT = 10_000;

/** How mail goes out. */
export interface MailSettings {
  /** `smtp://user:password@host:port`, or `smtps://`. */
  url: string;
  from: string;
}

/**
 * Asks people by e-mail, each with a link of their own. `linkFor` gives the link of an address; null where the question is
 * not one that a link can answer.
 */
export function createMailAnnouncer(
  { url, from }: MailSettings,
  egress: Pick<Egress, 'addressOf'>,
  linkFor: (notice: Notice) => Promise<string | null>,
): Announcer {
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
    let transport: MailTransport | null = null;
    let timer: NodeJS.Timeout | undefined;
    try {
      const opened = await mailTransport(url, egress);
      transport = opened;
      timer = setTimeout(() => opened.close(), TIMEOUT);
      await transport.sendMail({ from, to: target, subject, text: lines.join('\n') });
    } catch (cause) {
      throw new NoticeError(`mail: ${(cause as Error).message}`, { cause });
    } finally {
      clearTimeout(timer);
      transport?.close();
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
