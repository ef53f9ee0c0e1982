import { expect, it } from 'vitest';
import { createTestApp } from '../test-app.ts';

const app = createTestApp(
  { reader: ['execution:read', 'automation:read'] },
  {
    lists: {
      filterOf: async () => ({}),
      list: async () => ({ rows: [], total: 0, isLowerBound: false, nextCursor: null }),
    },
    causes: { find: async () => new Map() },
  },
);

const get = (path: string) => app.request(path, { headers: { 'x-api-key': 'reader' } });

it('a page behind more than 100,000 executions is refused only where a cursor reads on', async () => {
  expect((await get('/api/v1/executions?per_page=100&page=1001')).status).toBe(200);
  const refused = await get('/api/v1/executions?per_page=100&page=1002');
  expect([refused.status, await refused.json()]).toMatchObject([
    400,
    { code: 'request_invalid', issues: [{ path: '/page', message: expect.stringContaining('"limit" and "cursor"') }] },
  ]);
  for (const path of [
    '/api/v1/executions/status/running?per_page=100&page=1002',
    '/api/v1/executions/enforcement/7?per_page=100&page=1002',
    '/api/v1/automation/executions?limit=100&page=1002',
  ]) {
    expect([path, (await get(path)).status]).toEqual([path, 200]);
  }
});
