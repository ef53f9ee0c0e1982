import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEgress } from '../../../egress/egress.ts';
import { createActivity } from '../activity.ts';

/** The answer of the system. */
let answer: { status: number; type: string; body: string };
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
  });
});
const egress = createEgress({ allowed: ['loopback'] });
beforeAll(() => new Promise<void>((done) => server.listen(0, '127.0.0.1', done)));
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await egress.close();
});

const at = (endpoint: string) =>
  createActivity(egress, {
    settings: { region: 'eu-central-1', endpoint },
    secrets: { access_key_id: 'a', secret_access_key: 'b' },
  });
const OBJECT = { bucket: 'reports', key: 'a', data: 'x' };

const missing = '<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>';

it.each<[status: number, type: string, body: string, code: string, retryable: boolean, message: string]>([
  [
    404,
    'application/xml',
    missing,
    'NoSuchBucket',
    false,
    'The specified bucket does not exist (bucket "reports", status 404)',
  ],
  [502, 'application/json', '{"error":"bad gateway"}', 'HTTP_502', true, '(bucket "reports", status 502)'],
  [404, 'text/html', '<html><body>nothing</html>', 'HTTP_404', false, '(bucket "reports", status 404)'],
])('an answer of %i (%s, %s) is told as %s', async (status, type, body, code, retryable, message) => {
  answer = { status, type, body };
  const { port } = server.address() as AddressInfo;
  const [failed, again, said, found] = await at(`http://127.0.0.1:${port}`).failure('s3.upload', OBJECT);
  expect([failed, found, again]).toEqual(['s3_error', code, retryable]);
  expect(said).toContain(message);
  expect(said).not.toMatch(/hidden field|XML parse/);
});

it.each(['not base64!!', 'QQ', 'QQ===', 'Q-Q_', 7])('what is no base64 is not stored: %s', async (base64) => {
  const [type, retryable, message] = await at('http://127.0.0.1:1').failure('s3.upload', {
    ...OBJECT,
    data: { base64 },
  });
  // An object whose `base64` is not text is stored as JSON, as any other object is.
  if (typeof base64 !== 'string') expect(type).toBe('s3_error');
  else expect([type, retryable, message]).toEqual(['input_invalid', false, expect.stringContaining('/data/base64')]);
});

it.each([
  ['s3.upload', OBJECT, 's3_error'],
  ['aws.deploy', { application: 'a', deployment_group: 'b' }, 'aws_error'],
])('of %s a host that cannot be looked up is a failure of the system', async (action, input, type) => {
  const [failed, retryable, , code] = await at('http://nowhere.invalid').failure(action, input);
  expect([failed, retryable, code]).toEqual([type, true, expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/)]);
});
