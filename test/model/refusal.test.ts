import { expect, it } from 'vitest';
import { refusal } from '../../model/refusal.ts';

const issue = (path: string, message: string) => ({ code: 'value_invalid', path, message });

it.each([
  ['one field', [issue('/label', 'is required')], '/label: is required'],
  ['the whole request', [issue('', 'must be an object')], 'the request must be an object'],
  [
    'several',
    [issue('', 'must be an object'), issue('/a', 'is too long')],
    'the request must be an object (and 1 more)',
  ],
])('a refusal names %s', (_, issues, message) => {
  expect(refusal('request_invalid', issues)).toMatchObject({ code: 'request_invalid', message, issues });
});
