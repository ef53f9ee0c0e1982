import { Client } from '@temporalio/client';
import { afterAll, expect, it } from 'vitest';
import type { EnforcementSummary } from '../../../model/events/enforcement.ts';
import { workflowIdOf } from '../../../model/execution-id.ts';
import type { Json } from '../../../model/json.ts';
import { OWN_TASK_QUEUE, type RunInput, type RunMemo } from '../../../model/run-input.ts';
import { decodeArguments } from '../../../projection/payload.ts';
import { readMemo } from '../../../projection/runs/memo.ts';
import { createTemporal } from '../../../temporal/gateway.ts';
import { nextNumber } from '../../run-numbers.ts';
import { until } from '../support/until.ts';
import { DEPLOY, openOperations } from './operations.ts';

// The end of a run. There is no worker: what is started stays open until it is stopped.

const { harness, make, rule, get, enforcementsOf } = await openOperations('ends');
afterAll(() => harness.close());

const PATH = '/api/v1/executions';
const eventsAbout = (run: number) => get(`/api/v1/events?execution=${run}`) as Promise<{ id: number; depth: number }[]>;

/** Stops a run, and returns the event of its end. */
async function end(run: number, headers: Record<string, string> = {}) {
  await make(`${PATH}/${run}/terminate`, {}, headers);
  const [event] = await until(
    () => eventsAbout(run),
    (found) => found.length > 0,
  );
  return get(`/api/v1/events/${event!.id}`);
}

it('is an event that starts what a rule says, once, and nothing for what the rule itself began', async () => {
  await make('/api/v1/workflows', { ...DEPLOY, ref: 'ops.watched', label: 'Watched' });
  const before = await make(PATH, { action_ref: 'ops.watched' });
  await harness.call('POST', `${PATH}/${before.id}/terminate`, {});
  const remedy = {
    type: 'io.fermata.execution.terminated',
    when: "event.payload.workflow == 'ops.watched'",
    workflow: 'ops.watched',
  };
  await until(
    () => get(`${PATH}/${before.id}`),
    ({ status }) => status === 'cancelled',
  );
  const once = await rule('remedy', remedy);
  const again = await rule('remedy_of_itself', { ...remedy, allow_loops: true });
  await rule('everything', { type: '*' });

  const run = await make(PATH, { action_ref: 'ops.watched', parameters: { token: 'hidden value' } });
  const event = await end(run.id);
  expect(event).toMatchObject({
    type: remedy.type,
    source: 'urn:fermata:executions',
    subject: 'ops.watched',
    execution: run.id,
    depth: 0,
    payload: { execution: run.id, workflow: 'ops.watched', version: '1.0.0', status: 'terminated', retry_of: null },
  });
  expect(JSON.stringify(event)).not.toContain('hidden value');
  const first = await enforcementsOf(event.id);
  expect(Object.keys(first).sort()).toEqual(['ops.remedy', 'ops.remedy_of_itself']);

  // The end of what each of both has started is an event for the other one.
  const second = await end(first['ops.remedy']!.execution!);
  expect(second).toMatchObject({ depth: 1 });
  const reasons = (found: Record<string, EnforcementSummary>) =>
    Object.fromEntries(Object.entries(found).map(([ref, { status, reason }]) => [ref, reason?.code ?? status]));
  expect(reasons(await enforcementsOf(second.id))).toEqual({
    'ops.remedy': 'loop',
    'ops.remedy_of_itself': 'started',
  });
  const third = await end(first['ops.remedy_of_itself']!.execution!);
  const afterThird = await enforcementsOf(third.id);
  expect(reasons(afterThird)).toEqual({ 'ops.remedy': 'started', 'ops.remedy_of_itself': 'started' });
  const started = await get(`${PATH}/${afterThird['ops.remedy_of_itself']!.execution}`);
  expect(started.cause).toMatchObject({ rule: again.id, depth: 1, event: third.id });

  expect(await make('/api/v1/rules/ops.remedy/test', { event: second.id })).toMatchObject({
    matched: true,
    reason: { code: 'loop' },
    loop: { depth: 1, chain: [once.id], suppressed: 'loop' },
    would_start: null,
  });

  // An end is seen in many ways. One from before the rules is no event.
  await harness.call('POST', '/api/v1/index/rebuild', {});
  await until(
    () => get('/api/v1/index'),
    ({ status }) => status === 'current',
  );
  for (const { id } of [run, before]) await get(`${PATH}/${id}`);
  expect(await eventsAbout(run.id)).toHaveLength(1);
  expect(await eventsAbout(before.id)).toEqual([]);
});

it('starts nothing where the run was started past the API, or nobody can tell who has started it', async () => {
  await make('/api/v1/workflows', { ...DEPLOY, ref: 'ops.forged', label: 'Forged' });
  const when = "event.payload.workflow == 'ops.forged'";
  await rule('of_forged', { type: 'io.fermata.execution.terminated', when });
  const client = new Client({ connection: harness.connection, namespace: 'ends' });
  const run = await make(PATH, { action_ref: 'ops.forged' });
  const temporal = createTemporal({ connection: harness.connection, namespace: 'ends' });
  const { first } = (await temporal.newestRun(run.workflow_id))!;
  const { input, memo } = first!.workflowExecutionStartedEventAttributes!;
  const [parameters, given] = decodeArguments(input) as unknown as [Json, RunInput];
  const { trust: _, ...older } = given;
  const { warrant: __, ...unsigned } = readMemo(memo)!;
  // A start without a warrant, one that claims to be of a time without warrants, and one that says nothing.
  const forge = async (said: RunInput | null) => {
    const n = nextNumber();
    const handle = await client.workflow.start('ops.forged', {
      workflowId: workflowIdOf(n),
      taskQueue: OWN_TASK_QUEUE,
      args: said === null ? [] : [parameters, { ...said, n }],
      memo: { fermata: { ...unsigned, n } satisfies RunMemo },
    });
    await handle.terminate();
    // The index learns of it at once.
    await get(`${PATH}/${n * 1024}`);
    const [event] = await until(
      () => eventsAbout(n * 1024),
      (found) => found.length > 0,
    );
    const made = (await enforcementsOf(event!.id))['ops.of_forged'];
    expect(made).toMatchObject({ status: 'failed', attempts: 0, reason: { code: 'not_authentic' } });
  };
  await Promise.all([forge(given), forge({ ...older, interpreter: 8 } as RunInput), forge(null)]);

  // Whoever ends a run has begun what follows, and counts as a starter of it, also when Temporal has it no longer.
  const { key } = await make('/api/v1/keys', { subject: 'stopper', roles: ['operator'] });
  const startersOf = async (id: string) => {
    const { first: opened } = (await temporal.newestRun(id))!;
    const args = decodeArguments(opened!.workflowExecutionStartedEventAttributes!.input);
    return (args as unknown as [Json, RunInput])[1].starters;
  };
  const event = await end(run.id, { 'x-api-key': key });
  const begun = (await enforcementsOf(event.id))['ops.of_forged']!;
  expect(begun.status).toBe('started');
  const { workflow_id: begunId } = await get(`${PATH}/${begun.execution}`);
  expect(await startersOf(begunId)).toEqual(expect.arrayContaining([...given.starters!, 'stopper']));
  const forget = async (id: number) => {
    const workflowExecution = { workflowId: (await get(`${PATH}/${id}`)).workflow_id };
    await client.workflowService.deleteWorkflowExecution({ namespace: 'ends', workflowExecution });
    return until(
      () => get(`${PATH}/${id}`),
      ({ expired }) => expired,
    );
  };
  await make(`${PATH}/${begun.execution}/terminate`, {});
  // The end of one for which no rule has started anything.
  const unread = await make(PATH, { action_ref: 'core.wait_signal', parameters: { name: 'go' } });
  const unheard = await end(unread.id);
  expect(await enforcementsOf(unheard.id)).toEqual({});
  const late = "event.payload.workflow == 'core.wait_signal'";
  await rule('of_unread', { type: 'io.fermata.execution.terminated', when: late });
  const [, , lost] = await Promise.all([forget(run.id), forget(unread.id), forget(begun.execution!)]);
  const replayed = async (id: number) => enforcementsOf((await make(`/api/v1/events/${id}/replay`, {})).id);
  // Who had started the run is known since its end has begun something; nobody has read who had started the other one.
  expect((await replayed(event.id))['ops.of_forged']).toMatchObject({ status: 'started' });
  expect((await replayed(unheard.id))['ops.of_unread']).toMatchObject({
    status: 'failed',
    execution: null,
    reason: { code: 'starters_unknown' },
  });

  // The run that the rule has begun, and its retry, have the cause also when Temporal has that run no longer.
  expect(lost.cause).toMatchObject({ enforcement: begun.id, rule_ref: 'ops.of_forged' });
  const retry = await make(`${PATH}/${begun.execution}/retry`, { from: 'start' });
  expect(retry).toMatchObject({ enforcement: begun.id, cause: lost.cause });
  expect(await startersOf(retry.workflow_id)).toContain('stopper');
});
