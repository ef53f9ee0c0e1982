import { expect, it } from 'vitest';
import { AppError } from '../../model/app-error.ts';
import type { Principal } from '../../model/principal.ts';
import { executionOfRow } from '../../service/index/rows.ts';
import type { IndexRow } from '../../store/executions/execution-rows.ts';
import { createTestApp } from './test-app.ts';

const at = new Date('2026-11-01T10:00:00Z');
const rowOf = (status: IndexRow['status']) =>
  ({
    n: 1,
    workflowId: 'w',
    ref: 'a.b',
    status,
    tags: [],
    actions: [],
    created: at,
    updated: at,
    listed: at,
    input: null,
    error: null,
    result: null,
    parent: null,
    enforcement: null,
    versionRun: 'r',
    versionStart: 1,
    versionEvent: 5,
  }) as unknown as IndexRow; // all that is shown

let status: IndexRow['status'] = 'running';
let reads = 0;
const app = createTestApp(
  { ann: ['execution:read'], bob: ['execution:read'], eve: ['workflow:read'] },
  {
    executions: {
      get: async (principal: Principal) => {
        reads += 1;
        // For example, one of another tenant.
        if (principal.subject === 'bob') throw new AppError('execution_not_found', 'Execution with ID 1024 not found');
        return { n: 1, execution: executionOfRow(rowOf(status)), retries: [] };
      },
    },
  },
);
const get = (key: string, tag?: string) =>
  app.request('/api/v1/executions/1024', {
    headers: { 'x-api-key': key, ...(tag === undefined ? {} : { 'if-none-match': tag }) },
  });

it('an answer that has not changed is 304, without a body', async () => {
  const first = await get('ann');
  const tag = first.headers.get('etag')!;
  expect([first.status, tag]).toEqual([200, expect.stringMatching(/^"[^"]+"$/)]);
  const again = await get('ann', `W/"x", ${tag}`);
  expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag]);
  expect((await get('ann', '"x"')).status).toBe(200);
  status = 'completed';
  const changed = await get('ann', tag);
  expect([changed.status, changed.headers.get('etag') === tag]).toEqual([200, false]);
});

it('whoever may not have an answer does not learn that it has not changed', async () => {
  const tag = (await get('ann')).headers.get('etag')!;
  expect((await get('bob', tag)).status).toBe(404);
  reads = 0;
  expect([(await get('eve', tag)).status, reads]).toEqual([403, 0]);
  expect((await get('nobody', tag)).status).toBe(401);
});
