import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mailTransport } from '../../egress/mail.ts';

/** The credentials and messages that a server has received. */
const told: string[] = [];
/** One without TLS, and one whose certificate nobody has signed. */
const servers = { plain: smtpServer(['STARTTLS']), unverified: smtpServer([]) };

function smtpServer(disabledCommands: string[]): SMTPServer {
  return new SMTPServer({
    disabledCommands,
    allowInsecureAuth: true,
    authOptional: true,
    logger: false,
    onAuth: ({ username }, _, done) => {
      told.push(`credentials of ${username}`);
      done(null, { user: username });
    },
    onData: (stream, _, done) => {
      told.push('a message');
      stream.resume().on('end', () => done());
    },
  });
}

beforeAll(async () => {
  for (const server of Object.values(servers)) {
    // A client that leaves in the middle of a handshake is what is tested.
    server.on('error', () => undefined);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  }
});
afterAll(() => Promise.all(Object.values(servers).map((server) => new Promise<void>((done) => server.close(done)))));

const CREDENTIALS = ['credentials of ann', 'a message'];

it.each<[keyof typeof servers, string, string, string[]]>([
  ['plain', 'smtp://', '', ['a message']],
  ['plain', 'smtp://ann:pw@', '', []],
  ['plain', 'smtp://ann:pw@', '?tls=off', CREDENTIALS],
  ['plain', 'smtps://ann:pw@', '', []],
  ['plain', 'smtps://ann:pw@', '?tls=off', []],
  ['unverified', 'smtp://ann:pw@', '', []],
  ['unverified', 'smtp://', '', []],
  ['unverified', 'smtp://ann:pw@', '?tls=off', CREDENTIALS],
])('a %s server is told by %s…%s: %j', async (server, start, end, expected) => {
  told.length = 0;
  const { port } = servers[server].server.address() as AddressInfo;
  const transport = await mailTransport(`${start}localhost:${port}${end}`, { addressOf: async () => '127.0.0.1' });
  const sent = await transport.sendMail({ from: 'a@example.com', to: 'b@example.com', text: 'x' }).then(
    () => true,
    () => false,
  );
  transport.close();
  expect([told, sent]).toEqual([expected, expected.length > 0]);
});

it.each([
  ['smtp://mail.example', '127.0.0.1', false],
  ['smtp://mail.example', '::1', false],
  ['smtp://mail.example', '10.0.0.1', true],
  ['smtp://mail.example', '203.0.113.7', true],
  ['smtp://mail.example?tls=on', 'fd00::1', true],
  ['smtp://mail.example?tls=off', '10.0.0.1', false],
  ['smtp://:pw@mail.example', '10.0.0.1', true],
])('%s at %s requires TLS: %s', async (url, address, required) => {
  const transport = await mailTransport(url, { addressOf: async () => address });
  expect(transport.options).toMatchObject({ requireTLS: required, host: address, tls: { servername: 'mail.example' } });
  transport.close();
});
