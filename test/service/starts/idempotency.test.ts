import { expect, it } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../../model/app-error.ts';
import {
  createRepeats,
  deriveRequestId,
  type IdempotencyKey,
  idempotencyText,
} from '../../../service/starts/idempotency.ts';
import type { IdempotencyKeyStore, KeptRequest } from '../../../store/executions/idempotency-keys.ts';

const codeOf = (error: unknown) => (error instanceof AppError ? error.code : String(error));

it.each<[IdempotencyKey, string]>([
  ['order-1', 'order-1'],
  ['!', '!'],
  ['~'.repeat(200), '~'.repeat(200)],
  ['', 'request_invalid'],
  [' ', 'request_invalid'],
  ['on_failure wf_x', 'request_invalid'],
  ['on_failure\nwf_x', 'request_invalid'],
  ['a\n', 'request_invalid'],
  ['\na', 'request_invalid'],
  ['a\x7f', 'request_invalid'],
  ['a\x00', 'request_invalid'],
  ['é', 'request_invalid'],
  ['k'.repeat(201), 'request_invalid'],
  [['on_failure', 'wf_x'], 'on_failure\nwf_x'],
  [['bulk', 'job', '7'], 'bulk\njob\n7'],
])('the key %j is kept as %j', (key, expected) => {
  const kept = () => {
    try {
      return idempotencyText(key);
    } catch (error) {
      return codeOf(error);
    }
  };
  expect(kept()).toBe(expected);
});

it('a request is known again by its tenant, its key and what it asks for, whatever the order of its fields', async () => {
  const rows = new Map<string, KeptRequest>();
  const repeats = createRepeats({
    find: async (tenant, key) => rows.get(`${tenant} ${key}`) ?? null,
    add: async (tenant, { key, ...kept }) => void rows.set(`${tenant} ${key}`, kept),
  } satisfies Pick<IdempotencyKeyStore, 'find' | 'add'>);
  const find = (tenant: string, key: IdempotencyKey, asked: Record<string, number>) =>
    repeats.find(tenant, key, asked).catch(codeOf);
  await repeats.note('one', 'k', { a: 1, b: 2 }, 7);
  expect(await find('one', 'k', { b: 2, a: 1 })).toBe(7);
  expect(await find('one', 'k', { a: 1 })).toBe('idempotency_mismatch');
  expect(await find('two', 'k', { a: 1, b: 2 })).toBeNull();
  expect(await find('one', ['k', ''], { a: 1, b: 2 })).toBeNull();
});

it('of requests at once with one key those that ask for the same go on, and again after a crash', async () => {
  const rows = new Map<string, KeptRequest>();
  const repeats = createRepeats({
    find: async (_, key) => rows.get(key) ?? null,
    add: async (_, { key, ...kept }) => void (rows.has(key) || rows.set(key, kept)),
  } satisfies Pick<IdempotencyKeyStore, 'find' | 'add'>);
  const claim = (payload: number) =>
    repeats.claim('t', ['signal', '7', 'k'], { payload }, 7).then(() => 'goes on', codeOf);
  expect(await Promise.all([claim(1), claim(2), claim(1)])).toEqual(['goes on', 'idempotency_mismatch', 'goes on']);
  expect(await repeats.find('t', ['signal', '7', 'k'], { payload: 1 })).toBeNull();
  expect(await claim(1)).toBe('goes on');
});

it('a request has one id for its tenant and its key, and another one each time without a key', () => {
  const keys = ['k', 'l', 'k'.repeat(200), ...Array.from({ length: 100 }, (_, n) => `key-${n}`)];
  const ids = ['one', 'two'].flatMap((tenant) => keys.map((key) => deriveRequestId(tenant, key)));
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(z.uuid().safeParse(id).success, id).toBe(true);
  expect(deriveRequestId('one', 'k')).toBe(ids[0]);
  expect(deriveRequestId('one', undefined)).not.toBe(deriveRequestId('one', undefined));
  expect(() => deriveRequestId('one', 'a b')).toThrow('visible ASCII');
});
