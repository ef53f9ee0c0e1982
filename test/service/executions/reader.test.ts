import { expect, it } from 'vitest';
import { workflowIdOf } from '../../../model/execution-id.ts';
import { createExecutionReader } from '../../../service/executions/reader.ts';

const row = {
  n: 1_024,
  tenant: 't',
  workflowId: workflowIdOf(1_024),
  status: 'running',
  versionRun: 'run',
  versionClosed: 0,
  enforcement: null,
  actions: [],
  tags: [],
  created: new Date(0),
  updated: new Date(0),
  versionStart: 0,
  versionEvent: 1,
  error: null,
  starters: null,
  mode: null,
  retryOf: null,
  ref: 'p.w',
};

it.each([
  ['has just been read, and is not written yet', 'completed'],
  ['nobody has read', 'terminated'],
])('the end of a run that Temporal no longer has, and that %s, is told as %s', async (_, status) => {
  const rows = [row];
  const reader = createExecutionReader({
    temporal: { namespace: 'n', describe: async () => null },
    store: { find: async () => rows.at(-1), retriesOf: async () => [] },
    enforcements: { causes: async () => new Map() },
    entries: {
      put: () => {},
      written: async () => {
        if (status === 'completed') rows.push({ ...row, status, versionClosed: 1 });
      },
    },
    clock: () => 0,
  } as never);
  const found = await reader.get({ tenant: 't' } as never, '1024');
  expect(found.execution).toMatchObject({ status, expired: true });
});
