import { describe, expect, it } from 'vitest';
import { createStreamGate } from '../../../api/http/streams/gate.ts';
import { AppError } from '../../../model/app-error.ts';
import type { Principal } from '../../../model/principal.ts';
import { createTestApp } from '../test-app.ts';

const someone = (id: number, tenant: string): Principal => ({
  id,
  tenant,
  tenantRef: tenant,
  subject: `s${id}`,
  kind: 'person',
  onBehalfOf: null,
  roles: [],
  permissions: [],
  groups: [],
});

it('a gate counts by principal, tenant and process, and forgets who leaves', () => {
  const gate = createStreamGate({ principal: 2, tenant: 3, process: 4 });
  const codeOf = (id: number, tenant: string) => {
    try {
      return gate.enter(someone(id, tenant));
    } catch (error) {
      return (error as AppError).message;
    }
  };
  const leave = codeOf(1, 'a') as () => void;
  expect(codeOf(1, 'a')).toBeTypeOf('function');
  expect(codeOf(1, 'a')).toMatch(/^this principal has 2 open streams/);
  expect(codeOf(2, 'a')).toBeTypeOf('function');
  expect(codeOf(3, 'a')).toMatch(/^this tenant has 3 open streams/);
  expect(codeOf(4, 'b')).toBeTypeOf('function');
  expect(codeOf(5, 'c')).toMatch(/^this process has 4 open streams/);
  leave();
  leave();
  expect(codeOf(1, 'a')).toBeTypeOf('function');
  expect(codeOf(5, 'c')).toMatch(/^this process has 4 open streams/);
});

describe('event streams of a principal', () => {
  const runs = { open: null, closed: '2026-01-01T00:00:00Z' } as Record<string, string | null>;
  const watches = {
    watch: async (_: Principal, id: string, { after, signal }: { after?: string; signal: AbortSignal }) => {
      if (!(id in runs)) throw new AppError('execution_not_found', 'not found');
      async function* entries() {
        const log = { type: 'log', id: '1', entry: { message: 'x' } };
        if (after !== 'last') yield log;
        if (runs[id] === null) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      }
      return { found: { execution: { closed: runs[id] } }, entries: entries() };
    },
  };
  const fresh = () => createTestApp({ viewer: ['execution:read'], other: ['execution:read'] }, { watches });
  const follow = async (app: ReturnType<typeof fresh>, id: string, headers = {}, signal?: AbortSignal) =>
    app.request(`/api/v1/executions/${id}/events`, {
      headers: { 'x-api-key': 'viewer', ...headers },
      ...(signal === undefined ? {} : { signal }),
    });

  it('are 20 at once, and what has ended or was refused does not count', async () => {
    const app = fresh();
    for (let n = 0; n < 30; n += 1) {
      expect((await follow(app, 'none')).status).toBe(404);
      expect(await (await follow(app, 'closed')).text()).toContain('event: log');
    }
    const stop = new AbortController();
    const streams = await Promise.all(Array.from({ length: 20 }, () => follow(app, 'open', {}, stop.signal)));
    expect(streams.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const refused = await follow(app, 'open');
    expect([refused.status, await refused.json()]).toMatchObject([429, { code: 'too_many_streams' }]);
    expect((await follow(app, 'closed', { 'x-api-key': 'other' })).status).toBe(200);
    stop.abort();
    await Promise.all(streams.map((stream) => stream.body?.cancel()));
    await expect.poll(async () => (await follow(app, 'closed')).status).toBe(200);
  });

  it('end for good once the last event was seen', async () => {
    const app = fresh();
    expect((await follow(app, 'closed', { 'last-event-id': 'last' })).status).toBe(204);
    const resumed = await follow(app, 'closed', { 'last-event-id': 'first' });
    expect([resumed.status, await resumed.text()]).toEqual([200, expect.stringContaining('id: 1')]);
  });
});
