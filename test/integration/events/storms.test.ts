import { Client } from '@temporalio/client';
import { afterAll, expect, it } from 'vitest';
import type { EnforcementSummary } from '../../../model/events/enforcement.ts';
import { enforcements } from '../../../store/events/tables.ts';
import { holdTable } from '../support/table-hold.ts';
import { until } from '../support/until.ts';
import { DEPLOY, openOperations } from './operations.ts';

// Many events at once. There is no worker: what is started stays open.

const { harness, make, rule, post, get } = await openOperations('storms');
afterAll(() => harness.close());

const CLOUD = { specversion: '1.0', source: '/storm' };
const BATCH = { 'content-type': 'application/cloudevents-batch+json' };

it('in a storm each good match starts once, each poisonous one says why, and another tenant has its turn', async () => {
  const [type, count] = ['com.tempest', 150];
  await make('/api/v1/workflows', { ...DEPLOY, ref: 'ops.stormed', label: 'Stormed' });
  await rule('calm', { type, workflow: 'ops.stormed', parameters: { branch: '{{ event.event_id }}' } });
  await rule('undecided', { type, when: "event.payload.n > 'x'" });
  await rule('unrendered', { type, parameters: { branch: '{{ event.payload.gone }}' } });
  await rule('refused', { type, parameters: { branch: '{{ event.payload.n }}' } });
  await make('/api/v1/tenants', { ref: 'calm', label: 'Calm' });
  const { key } = await make('/api/v1/keys', { subject: 'cal', tenant: 'calm', roles: ['admin'] });
  const theirs = { 'x-api-key': key };
  await make('/api/v1/packs', { ref: 'ops', label: 'Operations' }, theirs);
  const single = { ref: 'ops.single', pack_ref: 'ops', label: 'x', type, action_ref: 'core.noop' };
  await make('/api/v1/rules', single, theirs);

  // However slow the machine is, nothing is planned before the other tenant has sent its event.
  const release = await holdTable(harness.database.db, enforcements, 'writers');
  const batch = Array.from({ length: count }, (_, n) => ({ ...CLOUD, type, id: `t${n}`, data: { n } }));
  const sent: number[] = (await make('/api/v1/events', batch, BATCH)).map(({ id }: { id: number }) => id);
  const { id: other } = await post({ type }, theirs);
  await release();
  const asked = async (path: string) => (await harness.call('GET', path, undefined, theirs)).body.data;
  const [own] = await until(
    () => asked(`/api/v1/enforcements?event=${other}`),
    ([first]) => first?.status === 'started',
  );
  await until(
    () => get(`/api/v1/events?type=${type}&state=received&limit=1`),
    (waiting) => waiting.length === 0,
  );
  await until(
    () => get('/api/v1/enforcements?status=pending&limit=1'),
    (waiting) => waiting.length === 0,
  );

  const events: { id: number; matches: number }[] = await get(`/api/v1/events?type=${type}&limit=250`);
  expect(events.map(({ id, matches }) => [id, matches])).toEqual(sent.toReversed().map((id) => [id, 4]));
  const of = (name: string): Promise<EnforcementSummary[]> => get(`/api/v1/enforcements?rule=ops.${name}&limit=250`);
  const calm = await of('calm');
  expect(calm.map(({ event, status, attempts }) => [event, status, attempts])).toEqual(
    sent.toReversed().map((id) => [id, 'started', 0]),
  );
  expect(new Set(calm.map(({ execution }) => execution)).size).toBe(count);
  const { workflow } = new Client({ connection: harness.connection, namespace: 'storms' });
  const runs = await until(
    () => workflow.count("WorkflowType = 'ops.stormed'"),
    (found) => found.count >= count,
  );
  expect(runs.count).toBe(count);
  for (const [name, code, path] of [
    ['undecided', 'template_error', '/when'],
    ['unrendered', 'template_error', '/parameters/branch'],
    ['refused', 'input_invalid', '/parameters/branch'],
  ] as const) {
    const found = await of(name);
    expect(found.map(({ event }) => event)).toEqual(sent.toReversed());
    for (const { status, reason } of found)
      expect([name, status, reason]).toMatchObject([name, 'failed', { code, path }]);
    expect((await get(`/api/v1/rules/ops.${name}`)).counts).toMatchObject({
      matched: count,
      started: 0,
      failed: count,
    });
  }
  // The storm was far from over.
  expect(calm.filter(({ started }) => started! > own.started).length).toBeGreaterThan(count / 2);
});
