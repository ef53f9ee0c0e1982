import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEgress } from '../../../egress/egress.ts';
import { parseMailAddresses } from '../../../model/mail.ts';
import { type Activity, createActivity } from '../activity.ts';

/** The mails that have arrived, with their recipients. */
let mails: { from: string; to: string[]; text: string }[] = [];
/** The status with which the server refuses each of the next recipients. */
let refusals: number[] = [];
const server = new SMTPServer({
  disabledCommands: ['STARTTLS', 'AUTH'],
  authOptional: true,
  logger: false,
  onRcptTo(_, __, done) {
    const responseCode = refusals.shift();
    done(responseCode === undefined ? null : Object.assign(new Error('not now'), { responseCode }));
  },
  onData(stream, { envelope }, done) {
    let text = '';
    stream.on('data', (chunk) => {
      text += chunk;
    });
    stream.on('end', () => {
      const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
      mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), text });
      done();
    });
  },
});
const egress = createEgress({ allowed: ['loopback'] });
let activity: Activity;
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  activity = connectedTo(`smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`);
});
beforeEach(() => {
  [mails, refusals] = [[], []];
});
afterAll(async () => {
  await new Promise<void>((done) => server.close(done));
  await egress.close();
});

function connectedTo(url: string): Activity {
  return createActivity(egress, { settings: { from: 'Ops <ops@example.com>' }, secrets: { url } });
}

const MAIL = { to: 'ann@example.com', subject: 'Hi', text: 'there' };

it.each([
  [451, true],
  [450, true],
  [421, true],
  [550, false],
  [553, false],
])('a recipient that the server refuses with %i is tried again: %s', async (code, again) => {
  refusals = [code];
  const [type, retryable, , found] = await activity.failure('email.send', MAIL);
  expect([type, retryable, found]).toEqual(['email_error', again, `SMTP_${code}`]);
  await activity.run('email.send', MAIL);
  expect(mails).toHaveLength(1);
});

it('a mail goes to those whom the server takes, and tells of the others', async () => {
  refusals = [550];
  const found = await activity.run('email.send', { ...MAIL, to: 'ann@example.com, bob@example.com' });
  expect(found).toMatchObject({ accepted: ['bob@example.com'], rejected: ['ann@example.com'] });
});

it('a mail has what its input says', async () => {
  await activity.run('email.send', {
    ...MAIL,
    to: ['"Doe, Jane" <jane@example.com>', 'bob@example.com'],
    cc: 'Ünal <unal@example.com>',
    bcc: 'hidden@example.com',
    from: 'Release <release@example.com>',
    reply_to: 'help@example.com',
    headers: { 'List-Unsubscribe': '<https://example.com/out>', 'X-Note': 'grün' },
    attachments: [
      { filename: 'rows.csv', content_type: 'text/csv', text: 'a,b\n' },
      { filename: 'bytes.bin', base64: 'AP+A' },
    ],
  });
  const [{ from, to, text }] = mails as [(typeof mails)[number]];
  expect([from, to]).toEqual([
    'release@example.com',
    ['jane@example.com', 'bob@example.com', 'unal@example.com', 'hidden@example.com'],
  ]);
  for (const part of [
    ...['From: Release <release@example.com>', 'Reply-To: help@example.com', '"Doe, Jane" <jane@example.com>'],
    ...['List-Unsubscribe: <https://example.com/out>', 'filename=rows.csv', 'filename=bytes.bin', 'AP+A', 'text/csv'],
  ]) {
    expect(text).toContain(part);
  }
  expect(text).not.toContain('hidden@example.com');
});

it('a blank field has no addresses, and the Message-ID has the ASCII domain of the sender', async () => {
  const blank = { cc: '', bcc: [' '], reply_to: '' };
  await activity.run('email.send', { ...MAIL, ...blank, from: 'ops@例え.jp' });
  expect(mails.map(({ to }) => to)).toEqual([['ann@example.com']]);
  expect(mails[0]!.text).toMatch(/^Message-ID:\s+<[0-9a-f]{64}@xn--r8jz45g\.jp>\s*$/m);
});

describe('an address', () => {
  it.each<[field: string, value: unknown]>([
    ['to', 'a@example.com\r\nRCPT TO:<evil@example.com>'],
    ['to', ['a@example.com', 'b@example.com\n']],
    ['to', 'a@example.com\u0000'],
    ['to', 'Nobody'],
    ['to', 'a@example.com, Nobody'],
    ['to', 'a@b@example.com'],
    ['to', 'team: a@example.com, b@example.com;'],
    ['cc', '<evil@example.com'],
    ['bcc', 'x@y z'],
    ['reply_to', 'a@example.com\r\nBcc: evil@example.com'],
    ['from', 'No Address'],
    ['from', 'a@example.com, b@example.com'],
    ['from', 'A\r\n <a@example.com>'],
    ['headers', { 'X-A': 'a\r\nBcc: evil@example.com' }],
    ['headers', { 'X A': 'a' }],
    ['headers', { Bcc: 'evil@example.com' }],
    ['headers', { 'content-type': 'text/html' }],
    ['to', new Array(100).fill('a@example.com, b@example.com')],
    ['bcc', new Array(101).fill('a@example.com')],
    ['to', ''],
    ['cc', ', ;'],
    ['attachments', [{ filename: 'a', text: 'x', content_type: 'multipart/mixed' }]],
    ['attachments', [{ filename: 'a', text: 'x', content_type: 'Message/rfc822' }]],
    ['attachments', [{ filename: 'a', text: 'x', content_type: 'text/plain; charset=utf-16' }]],
    ['attachments', [{ filename: 'a', base64: 'not base64!' }]],
    ['attachments', [{ filename: 'a' }]],
    ['attachments', [{ filename: 'a', path: '/etc/passwd' }]],
  ])('or anything else of a mail that is not what it must be is refused once: %s %j', async (field, value) => {
    const [type, retryable, message] = await activity.failure('email.send', { ...MAIL, [field]: value });
    expect([type, retryable, message]).toEqual(['input_invalid', false, expect.stringContaining(`/${field}`)]);
    expect(mails).toEqual([]);
  });

  it.each<[text: string, addresses: string[] | null]>([
    ['a@example.com', ['a@example.com']],
    ['a@example.com,b@example.com', ['a@example.com', 'b@example.com']],
    ['"x@y.z" <a@example.com>', ['a@example.com']],
    ['Ann (at work) <ann@example.com>', ['ann@example.com']],
    ['用户@例え.jp', ['用户@例え.jp']],
    ['"a b"@example.com', null],
    ['a@example.com;b@example.com', ['a@example.com', 'b@example.com']],
    ['a@example.com,', ['a@example.com']],
    ['"Say \\"hi\\"" <a@example.com>', ['a@example.com']],
    ['a@example.com,, ;b@example.com', ['a@example.com', 'b@example.com']],
    ['"a, b; c" <a@example.com>; b@example.com', ['a@example.com', 'b@example.com']],
    [',', null],
    ['"', null],
    ['"open <a@example.com>', null],
    ['Ann <ann@example.com> x', null],
    ['@example.com', null],
    ['a@', null],
  ])('is found: %s', (text, addresses) => {
    expect(parseMailAddresses(text)?.map(({ address }) => address) ?? null).toEqual(addresses);
  });
});

it.each<[name: string, text: string, count: number | null]>([
  ['backslashes and quotes', `"${'\\"'.repeat(9_000)}`, null],
  ['a long name', `"${'\\"'.repeat(9_000)}" <a@example.com>`, 1],
  ['blank entries', `a@example.com${',;'.repeat(9_000)}`, 1],
  ['more than a mail may hold', 'a@example.com,'.repeat(1_500), null],
])('addresses are found in one pass: %s', (_, text, count) => {
  expect(parseMailAddresses(text)?.length ?? null).toBe(count);
});

it.each([
  [true, 'ann@example.com'],
  [undefined, 'egress_denied'],
] as const)('a server next to Fermata is reached where the settings name it: %s', async (trusted, expected) => {
  const strict = createEgress();
  const url = `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  const found = { settings: { from: 'ops@example.com' }, secrets: { url }, ...(trusted && { trusted }) };
  const { run } = createActivity(strict, found, egress);
  const sent = await run('email.send', MAIL).then(
    (output) => (output as { accepted: string[] }).accepted[0],
    (error: { type: string }) => error.type,
  );
  expect(sent).toBe(expected);
  await strict.close();
});

it('a server that cannot be looked up is a failure of mail', async () => {
  const [type, retryable, , code] = await connectedTo('smtp://nowhere.invalid').failure('email.send', MAIL);
  expect([type, retryable, code]).toEqual(['email_error', true, expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/)]);
});
