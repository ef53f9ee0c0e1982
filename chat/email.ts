import type { Egress } from '../egress/egress.ts';
import { type MailTransport, mailTransport } from '../egress/mail.ts';
import { stepsTaken } from '../model/inquiry.ts';
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
 * Asks people by e-mail, each with a way to decide: `wayFor` returns the words that end a mail.
 */
export function createMailAnnouncer(
  { url, from }: MailSettings,
  egress: Pick<Egress, 'addressOf'>,
  wayFor: (notice: Notice) => Promise<string>,
): Announcer {
  async function send(notice: Notice, lead: string): Promise<void> {
    const { inquiry, target, ref, owner } = notice;
    const { prompt, details } = inquiry.request;
    const step = stepsTaken(inquiry).find(({ notify }) => notify.email?.some((to) => to.toLowerCase() === target));
    const lines = [
      `${lead}${prompt ?? `${ref} asks for a decision`}`,
      ...(step?.reason ? ['', `You are asked now because: ${step.reason}`] : []),
      ...(details === null ? [] : ['', details]),
      ...['', `${ref}, started by ${owner ?? 'nobody'}.`],
      ...(inquiry.expires_at === null ? [] : [`It can be decided until ${inquiry.expires_at}.`]),
      ...['', await wayFor(notice)],
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
