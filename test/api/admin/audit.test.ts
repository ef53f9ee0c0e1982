import { expect, it } from 'vitest';
import type { AuditedChange } from '../../../service/access/audit.ts';
import { createTestApp, unreached } from '../test-app.ts';

const job = { id: '00000000-0000-4000-8000-000000000000', matched: 2 };

it.each<[string, string, object, number, Partial<AuditedChange>, string]>([
  [
    'of two routes that a path matches, the one that answered',
    '/api/v1/executions/bulk/cancel',
    { ids: [1024], reason: 'over' },
    202,
    {
      operation: 'POST /api/v1/executions/bulk/:verb',
      target: '/api/v1/executions/bulk/cancel',
      reason: 'over',
      details: { made: `/api/v1/bulk/${job.id}` },
    },
    '/api/v1/executions/bulk/:verb',
  ],
  [
    'what a key is',
    '/api/v1/keys',
    { subject: 'ann' },
    201,
    { operation: 'POST /api/v1/keys', target: '/api/v1/keys', reason: null, details: { made: '/api/v1/keys/7' } },
    '/api/v1/keys',
  ],
])('the audit log and the metrics name %s', async (_, path, body, status, expected, route) => {
  const entries: AuditedChange[] = [];
  const routes: string[] = [];
  const app = createTestApp(
    { admin: ['execution:execute', 'admin'] },
    {
      audit: { record: async (_by: unknown, change: AuditedChange) => entries.push(change) },
      observe: ({ route: answered }: { route: string }) => routes.push(answered),
      lists: unreached('lists'),
      bulk: { demandVerb: () => undefined, begin: async () => job },
      principals: {
        authenticate: async () => ({ id: 1, subject: 'admin', tenant: 'one', roles: ['admin'], permissions: [] }),
        createKey: async () => ({
          secret: 'x',
          tenantRef: 'one',
          row: {
            key: {
              id: 7,
              prefix: 'fmt_x',
              label: null,
              kind: 'person',
              onBehalfOf: null,
              created: new Date(0),
              expires: null,
            },
            principal: { subject: 'ann', roles: [], permissions: [], groups: [] },
          },
        }),
      },
    },
  );
  const headers = { 'x-api-key': 'admin', 'content-type': 'application/json' };
  const response = await app.request(path, { method: 'POST', headers, body: JSON.stringify(body) });
  expect([response.status, entries, routes]).toMatchObject([status, [expected], [route]]);
});
