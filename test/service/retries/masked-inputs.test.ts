import { expect, it } from 'vitest';
import type { Json } from '../../../model/json.ts';
import { findMaskedValues } from '../../../service/retries/masked-inputs.ts';

const ORIGINAL = {
  token: 'hush-4711',
  url: 'a?key=hush-4711',
  rule: '***',
  users: [{ pin: '1234' }],
  'a/b': 'hush-4711',
};
const SHOWN = { token: '***', url: 'a?key=***', rule: '***', users: [{ pin: '***' }], 'a/b': '***' };
const WRITE_ONLY = [['token'], ['users', '*', 'pin']];

const rows: [name: string, input: Json, paths: string[]][] = [
  ['what is shown', SHOWN, ['/input/token', '/input/url', '/input/users/0/pin', '/input/a~1b']],
  ['the input itself', ORIGINAL, []],
  ['a part of what is shown', { url: 'b?key=***' }, ['/input/url']],
  ['another entry of a list with write-only values', { users: [{ pin: '5' }, { pin: '***' }] }, ['/input/users/1/pin']],
  ['asterisks where nothing was hidden', { rule: '***', note: '***', token: 'x***x' }, []],
];

it.each(rows)('finds the mask of hidden values in %s', (_, input, paths) => {
  const found = findMaskedValues(input, { shown: SHOWN, original: ORIGINAL, writeOnly: WRITE_ONLY });
  expect(found.map(({ path }) => path)).toEqual(paths);
});

it('takes every mask of a run that Temporal no longer has for one', () => {
  const found = findMaskedValues({ rule: '***' }, { shown: SHOWN, original: null, writeOnly: [] });
  expect(found).toMatchObject([{ code: 'input_invalid', path: '/input/rule' }]);
});
