import { expect, it } from 'vitest';
import { z } from 'zod';
import { describeError } from '../../model/log.ts';

const SECRET = 'canary%of/nobody';

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

it.each<[string, unknown]>([
  ['text that is no JSON', thrownBy(() => JSON.parse(SECRET))],
  ['a value of another form', thrownBy(() => z.strictObject({}).parse({ [SECRET]: SECRET }))],
  ['a statement', Object.assign(new Error(`Failed query: ${SECRET}`), { query: SECRET, params: [SECRET] })],
  [
    'a row that a database refuses',
    Object.assign(new Error(SECRET), { severity: 'ERROR', code: '23505', detail: SECRET }),
  ],
  ['mail', Object.assign(new Error(`550 <${SECRET}>`), { responseCode: 550, response: SECRET, command: 'RCPT TO' })],
  ['a URL with a password', new Error(`https://user:${SECRET.replace('/', '')}@host is away`)],
  ['a request', Object.assign(new Error('refused'), { config: SECRET, request: SECRET, headers: { a: SECRET } })],
  ['a cause', new Error('it failed', { cause: thrownBy(() => JSON.parse(SECRET)) })],
  ['something that is no error', SECRET],
])('the log has nothing of what an error quotes: %s', (_, error) => {
  const logged = JSON.stringify(describeError(error));
  expect(logged).not.toContain('canary');
  expect(describeError(error).message).not.toBe('');
});
