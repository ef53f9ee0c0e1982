import { createTransport } from 'nodemailer';
import { contains, parseAddress, parseNetwork } from '../model/ip-address.ts';
import { type Egress, portOf } from './egress.ts';

/** Milliseconds after which a mail server is given up, each. */
const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 60_000 };

/** A connection to a mail server, to be closed when it has done its work. */
export type MailTransport = Awaited<ReturnType<typeof mailTransport>>;

const LOOPBACK = ['127.0.0.0/8', '::1'].map((text) => parseNetwork(text)!);

/**
 * Connects to `smtp://user:password@host:port`, or `smtps://`. Without TLS nothing is sent: a server that does not offer STARTTLS is left,
 * unless it is on this machine and has no user, or the URL ends in `?tls=off`. Certificates are verified. Throws an EgressError, and the
 * error of the lookup.
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
  return createTransport({
    ...TIMEOUTS,
    secure,
    host,
    port,
    ignoreTLS: off,
    requireTLS: !secure && !off && (username !== '' || !isLocal),
    // The certificate is of the name, not of its address.
    tls: { servername: hostname },
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
  });
}
