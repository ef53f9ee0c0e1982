import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TemporalServer } from '../../../dev/temporal-server.ts';
import { readMemo } from '../../../projection/runs/memo.ts';
import { createTemporal } from '../../../temporal/gateway.ts';
import { all, readStreamEvents } from '../streams/event-stream.ts';
import { APPROVER_KEY, type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';
import { createWebServer, type WebServer } from '../support/web-server.ts';
import { startChainServer } from './chain-server.ts';

// Answers of the API about an execution that continues in several runs.

const BASE = '/api/v1/executions';
let server: TemporalServer;
let harness: ApiHarness;
let web: WebServer;
beforeAll(async () => {
  server = await startChainServer(20);
  [harness, web] = await Promise.all([createApiHarness('chains', { address: server.address }), createWebServer()]);
});
afterAll(async () => {
  web.open();
  await harness.close();
  await web.close();
  await server.stop();
});

/** A loop of rounds that calls the server under a name, and what comes after it. */
const rounds = (name: string, count: number, then?: string) => ({
  name,
  action: 'core.http',
  input: { url: `${web.url}/counted/all/${name}` },
  publish: { round: '{{ round + 1 }}' },
  next: [
    { when: `succeeded() and round < ${count}`, do: name },
    ...(then === undefined ? [] : [{ when: `succeeded() and round >= ${count}`, do: then }]),
  ],
});

let stored = 0;
async function store(tasks: object[], start: string[], rest: object = {}): Promise<string> {
  stored += 1;
  const ref = `examples.chain${stored}`;
  const definition = { start, variables: { round: 0 }, tasks, ...rest };
  const answer = await harness.call('POST', '/api/v1/workflows', {
    ref,
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    definition,
  });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return ref;
}

const start = async (ref: string, wait = 60) =>
  (await harness.call('POST', BASE, { workflow: ref, parameters: {}, wait })).body.data;
const get = async (id: number) => (await harness.call('GET', `${BASE}/${id}`)).body.data;
const runsOf = async (workflowId: string) => {
  const runs: string[] = [];
  for await (const page of createTemporal({ connection: harness.connection, namespace: 'chains' }).list(
    `WorkflowId = "${workflowId}"`,
  )) {
    runs.push(...page.map(({ execution }) => execution!.runId!));
  }
  return runs;
};

describe('an execution that goes on in run after run', () => {
  let old: { id: number; workflow_id: string; last_event: number };

  it('numbers its events through, in its history, its runs and its tasks', async () => {
    const { id } = await start(await store([rounds('counted', 8)], ['counted']));
    const { last_event } = await get(id);
    const history = (await harness.call('GET', `${BASE}/${id}/history?limit=1000`)).body.data;
    const typeOf = (event: number) => history[event - 1].event_type;
    expect([history.length, history.at(-1).id]).toEqual([last_event, last_event]);
    const runs = (await harness.call('GET', `${BASE}/${id}/runs`)).body.data;
    expect(runs.length).toBeGreaterThan(2);
    expect(runs.map(({ index }: { index: number }) => index)).toEqual([...runs.keys()]);
    const starts = history.filter(
      ({ event_type }: { event_type: string }) => event_type === 'WorkflowExecutionStarted',
    );
    expect(runs.map((run: { first_event: number }) => run.first_event)).toEqual(
      starts.map((event: { id: number }) => event.id),
    );
    for (const { index, first_event, last_event: last, events, started, closed } of runs) {
      expect(last).toBe(runs[index + 1] === undefined ? last_event : runs[index + 1].first_event - 1);
      expect([events, started]).toEqual([last - first_event + 1, history[first_event - 1].timestamp]);
      expect(closed).toBe(history[last - 1].timestamp);
    }
    const { data: rows } = (await harness.call('GET', `${BASE}/${id}/tasks`)).body;
    const events = rows.map((row: { events: { scheduled: number; ended: number } }) => row.events);
    for (const { scheduled, ended } of events) {
      expect([typeOf(scheduled), typeOf(ended)]).toEqual(['ActivityTaskScheduled', 'ActivityTaskCompleted']);
    }
    expect(new Set(events.map(({ scheduled }: { scheduled: number }) => scheduled)).size).toBe(8);
    // The moment of an event is as far as that event.
    const { scheduled, ended } = events[5];
    const at = async (event: number) => (await harness.call('GET', `${BASE}/${id}/at/${event}`)).body.data.tasks[5];
    expect([await at(scheduled - 4), (await at(scheduled)).status, (await at(ended)).status]).toEqual([
      undefined,
      'scheduled',
      'completed',
    ]);
  });

  it('is one execution: in the answer, in the list, in its history, and at any event of that', async () => {
    const ref = await store([rounds('plain', 12)], ['plain'], { output: { rounds: '{{ round }}' } });
    const data = await start(ref);
    old = data;
    expect(data).toMatchObject({ status: 'completed', projection: 'complete', partial: false, result: { rounds: 12 } });
    expect(data.tasks.map(({ visit, status }: { visit: number; status: string }) => [visit, status])).toEqual(
      Array.from({ length: 12 }, (_, at) => [at + 1, 'completed']),
    );
    const { data: history } = (await harness.call('GET', `${BASE}/${data.id}/history?limit=1000`)).body;
    const types = history.map(({ event_type: type }: { event_type: string }) => type);
    const continued = types.filter((type: string) => type === 'WorkflowExecutionContinuedAsNew').length;
    expect(continued).toBeGreaterThan(1);
    // Visibility shows each of them in its time.
    const runs = await until(
      () => runsOf(data.workflow_id),
      ({ length }) => length >= continued + 1,
    );
    expect([runs.length, runs]).toEqual([continued + 1, expect.arrayContaining([data.run_id])]);
    const temporal = createTemporal({ connection: harness.connection, namespace: 'chains' });
    for (const run of runs) {
      const { priority, memo } = (await temporal.newestRun(data.workflow_id, run))!.first!
        .workflowExecutionStartedEventAttributes!;
      expect(priority?.fairnessKey).toBe(readMemo(memo)!.tenant);
    }
    const rows = (await harness.call('GET', `${BASE}?action_ref=${ref}`)).body.data;
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ id: data.id, status: 'completed', created: data.created });
    expect(history.map(({ id }: { id: number }) => id)).toEqual(history.map((_: unknown, at: number) => at + 1));
    const second = types.indexOf('WorkflowExecutionStarted', 1);
    // Whose it is goes with it.
    expect(history[second].attributes.memo.fields.fermata).toMatchObject({
      owner: 'dev',
      ref,
    });
    const began = types.indexOf('WorkflowTaskCompleted', second) + 1;
    const then = (await harness.call('GET', `${BASE}/${data.id}/at/${began}`)).body.data;
    const statuses = then.tasks.map(({ status }: { status: string }) => status);
    expect(statuses.slice(0, -1).every((status: string) => status === 'completed')).toBe(true);
    expect(statuses.at(-1)).toBe('scheduled');
    expect(then.variables.round).toBe(statuses.length - 1);
    expect(statuses.length).toBeLessThan(12);
  });

  it('is retried from its failure, however far behind the beginning; what is done is not done again', async () => {
    const ref = await store([rounds('late', 14, 'end'), { name: 'end', action: 'core.noop' }], ['late'], {
      output: '{{ round }}',
    });
    web.failAfter('late', 10);
    const failed = await start(ref);
    expect([failed.status, web.counts('all').late]).toEqual(['failed', 11]);
    expect(failed.tasks).toHaveLength(11);
    web.failAfter('late', Number.POSITIVE_INFINITY);
    const { body } = await harness.call('POST', `${BASE}/${failed.id}/retry`, {});
    expect(body.error).toBeUndefined();
    const again = await until(
      () => get(body.data.id),
      ({ status }) => status === 'completed',
    );
    expect([again.result, again.projection, web.counts('all').late]).toEqual([14, 'complete', 15]);
    expect((await get(failed.id)).retried_as).toEqual([again.id]);
    const from = await harness.call('POST', `${BASE}/${failed.id}/retry`, { from: 'start' });
    await until(
      () => get(from.body.data.id),
      ({ status }) => status === 'completed',
    );
    expect(web.counts('all').late).toBe(29);
  });

  it('is told once by its stream, and behind any event the rest of it', async () => {
    const { id } = await start(await store([rounds('told', 9)], ['told']), 0);
    const told = async (after?: string) => {
      const headers = { 'x-api-key': DEV_KEY, ...(after === undefined ? {} : { 'last-event-id': after }) };
      return all(readStreamEvents(await fetch(`${harness.api.url}${BASE}/${id}/events`, { headers })));
    };
    const events = await told();
    const ended = events.filter(({ event, data }) => event === 'task' && data.status === 'completed');
    expect(ended.map(({ data }) => data.task)).toEqual([
      'told',
      ...Array.from({ length: 8 }, (_, at) => `told#${at + 2}`),
    ]);
    expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
    expect(new Set(events.map((event) => event.id.split('/')[0])).size).toBeGreaterThan(1);
    for (const at of [0, 5, Math.floor(events.length / 2), events.length - 2]) {
      expect(await told(events[at]!.id)).toEqual(events.slice(at + 1));
    }
  });

  it('keeps a question open, takes a decision, a pause and signals in any of its runs', async () => {
    const ask = { name: 'ask', action: 'core.inquiry', input: { prompt: 'go on?' }, on_success: 'end' };
    const wait = { name: 'wait', action: 'core.wait_signal', input: { name: 'more' }, on_success: 'asked' };
    const ref = await store(
      [
        ask,
        rounds('before', 7, 'wait'),
        wait,
        rounds('asked', 14, 'end'),
        { name: 'end', action: 'core.noop', join: 'all' },
      ],
      ['ask', 'before'],
    );
    const { id } = await start(ref, 0);
    const done = (data: { tasks: { status: string }[] }) =>
      data.tasks.filter(({ status }) => status === 'completed').length;
    await until(
      () => get(id),
      (data) => done(data) === 7,
    );
    const paused = await harness.call('POST', `${BASE}/${id}/pause`, { reason: 'a look' });
    expect(paused.status).toBe(202);
    await harness.call('POST', `${BASE}/${id}/signal`, { name: 'more' });
    expect((await harness.call('POST', `${BASE}/${id}/resume`, {})).status).toBe(202);
    await until(
      () => get(id),
      (data) => done(data) === 15,
    );
    const inbox = await until(
      async () =>
        (await harness.call('GET', '/api/v1/inquiries?status=pending', undefined, { 'x-api-key': APPROVER_KEY })).body
          .data,
      ({ length }) => length === 1,
    );
    const answer = await harness.call(
      'POST',
      `/api/v1/inquiries/${encodeURIComponent(inbox[0].id)}/respond`,
      { option: 'approve' },
      { 'x-api-key': APPROVER_KEY },
    );
    expect([answer.status, answer.body.data?.status], JSON.stringify(answer.body)).toEqual([200, 'approved']);
    const ended = await until(
      () => get(id),
      ({ status }) => status === 'completed',
    );
    expect([ended.projection, done(ended)]).toEqual(['complete', 17]);
    await until(
      () => runsOf(ended.workflow_id),
      ({ length }) => length > 2,
    );
  });

  it('is deleted with all its runs', async () => {
    // Temporal takes its time over that: what it was asked for is what counts here.
    const asked = vi.spyOn(harness.connection.workflowService, 'deleteWorkflowExecution');
    const { id, workflow_id: workflowId } = old;
    const runs = await runsOf(workflowId);
    expect(runs.length).toBeGreaterThan(1);
    expect((await harness.call('DELETE', `${BASE}/${id}`)).status).toBe(200);
    expect((await harness.call('GET', `${BASE}/${id}`)).status).toBe(404);
    const deleted = asked.mock.calls.map(([request]) => request.workflowExecution?.runId);
    expect(deleted).toEqual(expect.arrayContaining(runs));
  });
});
