import { contains, parseAddress, parseNetwork } from '../model/ip-address.ts';
import { type Egress, portOf } from './egress.ts';

/** Timeouts in milliseconds for each phase of a connection to a mail server. */
const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 60_000 };

/** A connection to a mail server; close it after use. */
export type MailTransport = Awaited<ReturnType<typeof mailTransport>>;

const LOOPBACK = ['127.0.0.0/8', '::1'].map((text) => parseNetwork(text)!);

/**
 * Connects to `smtp://user:password@host:port` or `smtps://`. Nothing is sent without TLS: a server without STARTTLS is
 * refused, unless it is on this machine and has no user, or the URL ends in `?tls=off`. Certificates are verified.
 * Throws an EgressError, or the error of the lookup.
 */
export async function mailTransport(url: string, { addressOf }: Pick<Egress, 'addressOf'>) {
  const parsed = new URL(url);
  const { protocol, username, password, searchParams } = parsed;
  const hostname = parsed.hostname.replace(/^\[|\]$/g, '');
  const port = portOf(parsed);
  const host = await addressOf(hostname, port);
  const secure = protocol === 'smtps:';
  const off = !secure && searchParams.get('tls') === 'off';
  const isLocal = LOOPBACK.some((network) => contains(network, parseAddress(host)!));
  // Loaded here, since most processes never send mail.
  const { createTransport } = await import('nodemailer');
  return createTransport({
    ...TIMEOUTS,
    secure,
    host,
    port,
    ignoreTLS: off,
    requireTLS: !secure && !off && (username !== '' || !isLocal),
    // The certificate is for the name, not for its address.
    tls: { servername: hostname },
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
  });
}
