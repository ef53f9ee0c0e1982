import { expect, it } from 'vitest';
import type { Json } from '../../model/json.ts';
import { namedByRef } from '../../model/pack-issues.ts';

const PACK = { workflows: [{ ref: 'ops.first' }, { ref: 'ops.second' }, { ref: 7 }], actions: [{ ref: 'ops.act' }] };

it.each<[string, Json | undefined, string]>([
  ['/workflows/1/definition/tasks/0/on_success', PACK, 'in "ops.second": wrong'],
  ['/workflows/0/label', PACK, 'in "ops.first": wrong'],
  ['/actions/0/timeout', PACK, 'in "ops.act": wrong'],
  ['/workflows/2/label', PACK, 'wrong'],
  ['/workflows/3/label', PACK, 'wrong'],
  ['/workflows', PACK, 'wrong'],
  ['/pack/ref', PACK, 'wrong'],
  ['/definition/tasks/0', PACK, 'wrong'],
  ['/workflows/0/label', undefined, 'wrong'],
  ['/workflows/0/label', { workflows: 'none' }, 'wrong'],
  ['/workflows/0/label', { workflows: { 0: { ref: 'x' } } }, 'wrong'],
])('an issue at %s of %j says %s', (path, body, message) => {
  const issue = { code: 'x', path, message: 'wrong' };
  expect(namedByRef([issue], body)).toEqual([{ ...issue, message }]);
});
