import { describe, expect, it } from 'vitest';
import { createExecutionLists } from '../../service/index/lists.ts';
import { createTestApp } from './test-app.ts';

/** A store that no request of these may reach. */
const store = new Proxy({}, { get: () => () => Promise.reject(new Error('the store was asked')) }) as never;
const app = createTestApp(
  { reader: ['execution:read', 'admin'] },
  { lists: createExecutionLists({ store, definitions: store, namespace: 'default' }) },
);

const cursor = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const list = '/api/v1/executions';

it.each(['result_contains=%FF', 'action_ref=%', 'status=%E0%A4%A', 'parent=%ZZ', '%=1', 'search=a?%'])(
  'a query whose escapes are not UTF-8 is refused: %s',
  async (query) => {
    const response = await app.request(`${list}?${query}`, { headers: { 'x-api-key': 'reader' } });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { code: 'request_invalid', error: 'the query has a percent-escape that is not UTF-8' },
    ]);
  },
);

describe('what no list can take is 400, before anything is looked up', () => {
  it.each([
    [list, { cursor: cursor([9007199254740991, 1]) }],
    [list, { cursor: cursor([253402300800000, 1]) }],
    [list, { cursor: cursor([-62135596800001, 1]) }],
    [list, { cursor: cursor([1, -1]) }],
    [list, { cursor: cursor([1, 9007199254740992]) }],
    [list, { cursor: cursor([1.5, 1]) }],
    [list, { cursor: cursor([1]) }],
    [list, { cursor: cursor(null) }],
    [list, { cursor: `${cursor([1, 1])}=` }],
    [list, { cursor: 'x'.repeat(501) }],
    [list, { created_after: '0000-01-01T00:00:00Z' }],
    [list, { created_after: '2026-02-30T00:00:00Z' }],
    [list, { created_before: '9999-12-31T23:59:59-14:00' }],
    [list, { parent: '9007199254740993' }],
    [list, { enforcement: '1e309' }],
    [list, { executor: '2147483648' }],
    [list, { page: '1000001' }],
    [list, { page: '' }],
    [list, { page: '2', limit: '2' }],
    [list, { page: '1', cursor: cursor([1, 1]) }],
    [list, { per_page: '2', limit: '2' }],
    [list, { per_page: '1e1' }],
    [list, { limit: ' 5' }],
    [list, { limit: '0x5' }],
    [list, { limit: '5.0' }],
    [list, { parent: '' }],
    [list, { parent: '12345678901234567' }],
    [`${list}/export`, { format: 'csv', parent: '9007199254740993' }],
    [list, { executor: '' }],
    [list, { enforcement: '' }],
    [list, { enforcement: '-0' }],
    [list, { action_ref: '' }],
    [list, { pack_name: '' }],
    [list, { result_contains: '' }],
    [`${list}/export`, { format: 'csv', pack_name: '' }],
    [list, { statuss: 'failed' }],
    [`${list}/stats`, { created_before: '' }],
    [`${list}/status/failed`, { page: '' }],
    ['/api/v1/schedules', { per_page: '+5' }],
    ['/api/v1/audit', { cursor: '' }],
    [`${list}/stats`, { created_after: '0001-01-01T00:00:00+14:00' }],
    [`${list}/export`, { format: 'csv', created_after: '0000-01-01T00:00:00Z' }],
    [`${list}/enforcement/9007199254740993`, {}],
    [`${list}/7/logs`, { cursor: '-1' }],
    [`${list}/7/history`, { cursor: '123456789012345678901' }],
    [`${list}/7/at/9007199254740993`, {}],
    ['/api/v1/audit', { cursor: '9007199254740993' }],
  ])('%s %j', async (path, query) => {
    const response = await app.request(`${path}?${new URLSearchParams(query)}`, { headers: { 'x-api-key': 'reader' } });
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'request_invalid' }]);
  });
});

it.each([
  ['page', 'x', 'must be a whole number from 1 to 1000000'],
  ['page', '1e3', 'must be a whole number from 1 to 1000000'],
  ['created_after', 'yesterday', 'must be a date and time in ISO 8601 with a time zone, such as 2026-11-01T03:00:00Z'],
])('what is wrong with a filter is said once: %s=%s', async (name, value, message) => {
  const response = await app.request(`${list}?${name}=${value}`, { headers: { 'x-api-key': 'reader' } });
  const { error, issues } = (await response.json()) as { error: string; issues: object[] };
  expect([error, issues]).toEqual([`/${name} ${message}`, [{ code: 'value_invalid', path: `/${name}`, message }]]);
});
