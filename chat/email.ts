import { type Egress, egressErrorIn } from '../egress/egress.ts';
import { type MailTransport, mailTransport } from '../egress/mail.ts';
import type { ConnectionOf } from '../model/connection.ts';
import { type Notice, NoticeError, type NoticeKind } from '../model/notice.ts';
import type { ChatChannel } from './channel.ts';
import { demandSettings, readinessOf, type SettingsOf } from './settings.ts';

/** Milliseconds after which a mail is given up for now. */
const TIMEOUT = 10_000;

/** The events that a mail tells; its link shows the rest. */
const MAILED: readonly NoticeKind[] = ['opened', 'delegated', 'reminded'];

/** How mail goes out. */
export interface MailSettings {
  /** `smtp://user:password@host:port`, or `smtps://`. */
  url: string;
  from: string;
  /** What the server is reached by, where it is not that of the channel. */
  egress?: Pick<Egress, 'addressOf'>;
}

/** Reads the settings of a connection. */
export function mailSettings({ settings, secrets }: ConnectionOf<'email'>): MailSettings {
  return { url: secrets.url, from: settings.from };
}

/** What the channel stands on. */
export interface MailServices {
  settingsOf: SettingsOf<MailSettings>;
  /** Returns the words that end a mail: the way to decide. */
  wayFor(notice: Notice): Promise<string>;
  egress: Pick<Egress, 'addressOf'>;
}

/** Makes the channel that asks people by e-mail, each with a way to decide. */
export function createMailChannel({ settingsOf, wayFor, egress }: MailServices): ChatChannel {
  return {
    name: 'email',

    ready: (tenant) => readinessOf(settingsOf, tenant),

    async deliver(event, { title, reason, details }, place) {
      // A mail cannot be changed; its link shows the question as it is.
      if (!MAILED.includes(event.kind)) return place ?? {};
      const settings = await demandSettings(settingsOf, event.tenant, 'mail is');
      const lead = event.kind === 'reminded' ? 'Still to be decided: ' : '';
      const { inquiry, ref, owner, target } = event;
      const lines = [
        `${lead}${title}`,
        ...(reason === null ? [] : ['', reason]),
        ...(details === null ? [] : ['', details]),
        ...['', `${ref}, started by ${owner ?? 'nobody'}.`],
        ...(inquiry.expires_at === null ? [] : [`It can be decided until ${inquiry.expires_at}.`]),
        ...['', await wayFor(event)],
      ];
      // A line break in a header would begin another header.
      const subject = `${lead}${title}`.replaceAll(/\s+/g, ' ').slice(0, 200);
      await send(settings, { to: target, subject, text: lines.join('\n') }, egress);
      return {};
    },
  };
}

async function send(
  { url, from, egress: own }: MailSettings,
  mail: { to: string; subject: string; text: string },
  egress: MailServices['egress'],
): Promise<void> {
  let transport: MailTransport | null = null;
  let timer: NodeJS.Timeout | undefined;
  try {
    const opened = await mailTransport(url, own ?? egress);
    transport = opened;
    timer = setTimeout(() => opened.close(), TIMEOUT);
    await transport.sendMail({ from, ...mail });
  } catch (cause) {
    throw refusalOf(cause, url);
  } finally {
    clearTimeout(timer);
    transport?.close();
  }
}

/** What went wrong, in our words: those of a mail server are not shown. */
function refusalOf(cause: unknown, url: string): NoticeError {
  if (!URL.canParse(url)) return new NoticeError('the URL of the mail server is invalid', { cause, permanent: true });
  const { host } = new URL(url);
  const { code, responseCode } = cause as { code?: unknown; responseCode?: unknown };
  const egress = egressErrorIn(cause);
  if (egress !== undefined) return new NoticeError(egress.message, { cause, permanent: true });
  if (typeof responseCode !== 'number') return new NoticeError(`the mail server ${host} did not answer`, { cause });
  const permanent = code === 'EENVELOPE' && responseCode >= 500;
  const what = permanent ? 'refused the address' : code === 'EAUTH' ? 'refused the credentials' : 'refused the mail';
  return new NoticeError(`the mail server ${host} ${what} (${responseCode})`, { cause, permanent });
}
