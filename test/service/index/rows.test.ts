import { expect, it } from 'vitest';
import type { IndexEntry } from '../../../model/index-entry.ts';
import { isWritten } from '../../../service/index/rows.ts';
import type { IndexRow } from '../../../store/executions/execution-rows.ts';
import { makeEntry } from './run-entry.ts';

const AT = '2026-01-02T03:04:05.678Z';

const ENTRY = makeEntry(1, {
  tenant: 'acme',
  tags: ['nightly'],
  input: '{"a":1}',
  result: '{"b":2}',
  created: new Date(AT),
  version: { start: 5, run: 'newest', closed: true, event: 40 },
});

const { version, ...FIELDS } = ENTRY;

/** The row that the entry makes. */
const ROW = {
  ...FIELDS,
  created: new Date(AT),
  asked: 2,
  marked: true,
  versionStart: version.start,
  versionRun: version.run,
  versionClosed: 1,
  versionEvent: version.event,
} as unknown as IndexRow;

it.each<[string, Partial<IndexRow>, Partial<IndexEntry>]>([
  ['it has been written', {}, {}],
  ['its inquiries have changed more often in the row', {}, { asked: 1 }],
  ['what it shares with other runs stands elsewhere', {}, { turn: { key: 'k', limit: 1, policy: 'queue' } }],
])('an entry needs no write when %s', (_, row, entry) => {
  expect(isWritten({ ...ROW, ...row }, { ...ENTRY, ...entry })).toBe(true);
});

it.each<[string, Partial<IndexRow>, Partial<IndexEntry>]>([
  ['status', { status: 'running' }, {}],
  ['result', { result: '"wrong"' }, {}],
  ['input, which a list of runs does not have', { input: null }, {}],
  ['time of the last event', { updated: new Date(0) }, {}],
  ['tenant, which another client does not give', { tenant: null }, {}],
  ['tags', { tags: [] }, {}],
  ['last event', { versionEvent: 39 }, {}],
  ['newest run', { versionRun: '' }, {}],
  ['end', { versionClosed: 0 }, {}],
  ['start', { versionStart: 4 }, {}],
  ['count of changed inquiries', {}, { asked: 3 }],
])('an entry is written when the row has another %s', (_, row, entry) => {
  expect(isWritten({ ...ROW, ...row }, { ...ENTRY, ...entry })).toBe(false);
});
