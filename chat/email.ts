import { type Egress, egressErrorIn } from '../egress/egress.ts';
import { type MailTransport, mailTransport } from '../egress/mail.ts';
import type { ConnectionOf } from '../model/connection.ts';
import { type Notice, NoticeError, type NoticeKind } from '../model/notice.ts';
import type { ChatChannel } from './channel.ts';
import { checkReadiness, demandSettings, type SettingsOf } from './settings.ts';

/** Milliseconds after which an attempt to send a mail is given up. */
const TIMEOUT = 10_000;

/** The events for which a mail is sent; its link shows the rest. */
const MAILED: readonly NoticeKind[] = ['opened', 'delegated', 'reminded'];

/** The settings for sending mail. */
export interface MailSettings {
  /** `smtp://user:password@host:port`, or `smtps://`. */
  url: string;
  from: string;
  /** The egress with which the server is reached, if it is not that of the channel. */
  egress?: Pick<Egress, 'addressOf'>;
}

/** Reads the settings of a connection. */
export function mailSettings({ settings, secrets }: ConnectionOf<'email'>): MailSettings {
  return { url: secrets.url, from: settings.from };
}

/** The services that the channel uses. */
export interface MailServices {
  settingsOf: SettingsOf<MailSettings>;
  /** Returns the last lines of a mail, which say how to decide. */
  wayFor(notice: Notice): Promise<string>;
  egress: Pick<Egress, 'addressOf'>;
}

/** Creates the channel that asks people by e-mail. */
export function createMailChannel({ settingsOf, wayFor, egress }: MailServices): ChatChannel {
  return {
    name: 'email',

    ready: (tenant) => checkReadiness(settingsOf, tenant),

    async deliver(event, { title, reason, details }, place) {
      // A sent mail cannot be updated; its link shows the current state.
      if (!MAILED.includes(event.kind)) return place ?? {};
      const settings = await demandSettings(settingsOf, event.tenant, 'mail is');
      const lead = event.kind === 'reminded' ? 'Reminder: ' : '';
      const { inquiry, ref, owner, target } = event;
      const lines = [
        `${lead}${title}`,
        ...(reason === null ? [] : ['', reason]),
        ...(details === null ? [] : ['', details]),
        ...['', `${ref}, started by ${owner ?? 'nobody'}.`],
        ...(inquiry.expires_at === null ? [] : [`It can be decided until ${inquiry.expires_at}.`]),
        ...['', await wayFor(event)],
      ];
      // A line break would start another header.
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

/** Returns the error for a failed mail; messages of mail servers are not shown. */
function refusalOf(cause: unknown, url: string): NoticeError {
  if (!URL.canParse(url)) return new NoticeError('the URL of the mail server is invalid', { cause, permanent: true });
  const { host } = new URL(url);
  const { code, responseCode } = cause as { code?: unknown; responseCode?: unknown };
  const egress = egressErrorIn(cause);
  if (egress !== undefined) return new NoticeError(egress.message, { cause, permanent: true });
  if (typeof responseCode !== 'number') return new NoticeError(`the mail server ${host} did not respond`, { cause });
  const permanent = code === 'EENVELOPE' && responseCode >= 500;
  const what = permanent ? 'rejected the address' : code === 'EAUTH' ? 'rejected the credentials' : 'rejected the mail';
  return new NoticeError(`the mail server ${host} ${what} (${responseCode})`, { cause, permanent });
}
