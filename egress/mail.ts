import { createTransport } from 'nodemailer';
import type { Egress } from './egress.ts';

/** Milliseconds after which a mail server is given up, each. */
const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 60_000 };

/** A connection to a mail server, to be closed when it has done its work. */
export type MailTransport = Awaited<ReturnType<typeof mailTransport>>;

/** Connects to `smtp://user:password@host:port`, or `smtps://`. Throws an EgressError, and what looking the host up throws. */
export async function mailTransport(url: string, { addressOf }: Pick<Egress, 'addressOf'>) {
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === 'smtps:';
  return createTransport({
    ...{ ...TIMEOUTS, secure, host: await addressOf(hostname), port: Number(port || (secure ? 465 : 587)) },
    // The certificate is of the name, not of its address.
    tls: { servername: hostname },
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
  });
}
