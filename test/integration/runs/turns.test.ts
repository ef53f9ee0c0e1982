import { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EnforcementSummary } from '../../../model/events/enforcement.ts';
import type { JsonObject } from '../../../model/json.ts';
import { watermarks } from '../../../store/executions/tables.ts';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { holdTable } from '../support/table-hold.ts';
import { until } from '../support/until.ts';

// Runs that share a key, and what follows a failure: on a real server, whoever starts them.

const BASE = '/api/v1/executions';

let harness: ApiHarness;
beforeAll(async () => {
  harness = await createApiHarness('turns');
});
afterAll(() => harness.close());

async function store(name: string, definition: JsonObject): Promise<string> {
  const ref = `examples.${name}`;
  const body = { ref, pack_ref: 'examples', label: name, version: '1.0.0', definition };
  const { status, body: answer } = await harness.call('POST', '/api/v1/workflows', body);
  expect(status, JSON.stringify(answer)).toBe(201);
  return ref;
}

const start = (action_ref: string, parameters: JsonObject = {}, more: JsonObject = {}) =>
  harness.call('POST', BASE, { action_ref, parameters, ...more });
const get = async (id: number) => (await harness.call('GET', `${BASE}/${id}`)).body.data;
const go = (id: number) => harness.call('POST', `${BASE}/${id}/signal`, { name: 'go' });

const CLOSED = ['completed', 'failed', 'cancelled', 'timeout'];
const ended = (id: number) =>
  until(
    () => get(id),
    ({ status }) => CLOSED.includes(status),
  );
const begun = (id: number) =>
  until(
    () => get(id),
    ({ waiting_for }) => waiting_for.some(({ kind }: { kind: string }) => kind === 'signal'),
  );
const queued = (id: number) =>
  until(
    () => get(id),
    ({ waiting_for }) => waiting_for.some(({ kind }: { kind: string }) => kind === 'turn'),
  );

/** Waits for the signal `go`, in its turn. */
const held = (concurrency_key: JsonObject) => ({
  concurrency_key,
  tasks: [{ name: 'wait', action: 'core.wait_signal', input: { name: 'go' } }],
});

/** Events of a run, without those of workflow tasks. */
async function eventsOf(id: number): Promise<string[]> {
  const { body } = await harness.call('GET', `${BASE}/${id}/history?limit=100`);
  return body.data
    .map(({ event_type }: { event_type: string }) => event_type)
    .filter((type: string) => !/workflow_?task/i.test(type));
}

describe('runs with one concurrency key', () => {
  it('go on one after the other, in order; other keys are nothing to them', async () => {
    const ref = await store('queue', held({ key: '{{ service }}' }));
    const first = (await start(ref, { service: 'web' })).body.data.id;
    const other = (await start(ref, { service: 'mail' })).body.data.id;
    const second = (await start(ref, { service: 'web' })).body.data.id;
    const third = (await start(ref, { service: 'web' })).body.data.id;
    await Promise.all([begun(first), begun(other), queued(second), queued(third)]);
    expect((await get(second)).tasks).toEqual([]);
    const { body } = await harness.call('GET', `${BASE}/${second}/explain`);
    expect(body.data).toMatchObject({
      can_finish: true,
      advice: [{ text: expect.stringContaining('waits for its turn') }],
    });
    await go(first);
    await begun(second);
    expect((await get(third)).waiting_for).toMatchObject([{ kind: 'turn' }]);
    // One that is ended from outside makes room as well.
    await harness.call('POST', `${BASE}/${second}/terminate`, {});
    await begun(third);
    await Promise.all([go(third), go(other)]);
    expect([(await ended(third)).status, (await ended(third)).projection]).toEqual(['completed', 'complete']);
    // It costs nothing where there is room, and a signal where there is none.
    expect(await eventsOf(other)).toHaveLength((await eventsOf(third)).length - 1);
  });

  it('may be several at once, and one that waits can be cancelled', async () => {
    const ref = await store('two', held({ key: 'all', limit: 2 }));
    const ids: number[] = [];
    for (let n = 0; n < 4; n += 1) ids.push((await start(ref)).body.data.id);
    const [a, b, c, d] = ids as [number, number, number, number];
    await Promise.all([begun(a), begun(b), queued(c), queued(d)]);
    await harness.call('POST', `${BASE}/${c}/cancel`, {});
    expect((await ended(c)).status).toBe('cancelled');
    await go(b);
    await begun(d);
    await Promise.all([go(a), go(d)]);
    expect((await Promise.all([a, b, d].map(ended))).map(({ status }) => status)).toEqual(Array(3).fill('completed'));
  });

  it('are skipped, refused, or take the place of others', async () => {
    const skip = await store('skip', held({ key: 'x', policy: 'skip' }));
    const one = (await start(skip)).body.data.id;
    await begun(one);
    const skipped = (await start(skip, {}, { wait: 60 })).body.data;
    expect([skipped.status, skipped.tasks, skipped.projection]).toEqual(['completed', [], 'complete']);
    expect(
      (await harness.call('GET', `/api/v1/automation/executions/${skipped.uuid}`)).body.data?.status ?? 'skipped',
    ).toBe('skipped');
    const fail = await store('fail', held({ key: 'x', policy: 'fail' }));
    const two = (await start(fail)).body.data.id;
    const refused = await start(fail);
    expect([refused.status, refused.body.code]).toEqual([409, 'concurrency_conflict']);
    await begun(two);
    await go(two);
    await ended(two);
    // Who has seen it end may start the next one at once.
    const three = await start(fail);
    expect(three.status).toBe(201);
    const cancel = await store('replace', held({ key: 'x', policy: 'cancel_previous' }));
    const four = (await start(cancel)).body.data.id;
    await begun(four);
    const five = (await start(cancel)).body.data.id;
    const six = (await start(cancel)).body.data.id;
    await begun(six);
    expect([(await ended(four)).status, (await ended(five)).status]).toEqual(['cancelled', 'cancelled']);
    await Promise.all([go(one), go(three.body.data.id), go(six)]);
    expect((await Promise.all([one, three.body.data.id, six].map(ended))).map(({ status }) => status)).toEqual(
      Array(3).fill('completed'),
    );
  });

  it('are known whoever starts them: as sub-workflows, by a schedule, as retries', async () => {
    const ref = await store('below', held({ key: '{{ parameters.k }}' }));
    const above = await store('above', {
      tasks: [{ name: 'both', action: ref, with_items: '{{ [1, 2] }}', input: { k: 'same' } }],
    });
    const parent = (await start(above)).body.data.id;
    // A task execution is no run: its id has a visit in it.
    const runs = async () => {
      const { body } = await harness.call('GET', `${BASE}?parent=${parent}`);
      return body.data.map(({ id }: { id: number }) => id).filter((id: number) => id % 1024 === 0);
    };
    const children = await until(runs, ({ length }) => length === 2);
    const states = await until(
      async () => Promise.all(children.map(get)),
      (all) => {
        const kinds = all.flatMap(({ waiting_for }) => waiting_for.map(({ kind }: { kind: string }) => kind)).sort();
        return kinds.join() === 'signal,turn';
      },
    );
    for (const child of states.sort((x) => (x.waiting_for[0].kind === 'signal' ? -1 : 1))) {
      await begun(child.id);
      await go(child.id);
    }
    expect((await ended(parent)).status).toBe('completed');
    const has = (await start(ref, { k: 'timed' })).body.data.id;
    const schedule = { id: 'turns', workflow: ref, input: { k: 'timed' }, spec: { every: 3600 }, paused: true };
    await harness.call('POST', '/api/v1/schedules', schedule);
    await harness.call('POST', '/api/v1/schedules/turns/trigger', {});
    const waits = await until(
      async () => (await harness.call('GET', '/api/v1/schedules/turns')).body.data.recent[0]?.execution ?? null,
      (id) => id !== null,
    );
    // A schedule knows of its run a moment before the index does.
    await until(
      () => harness.call('GET', `${BASE}/${waits}`),
      ({ status }) => status === 200,
    );
    await queued(waits);
    await harness.call('POST', `${BASE}/${has}/cancel`, {});
    await begun(waits);
    await ended(has);
    const retried = (await harness.call('POST', `${BASE}/${has}/retry`, {})).body.data.id;
    await queued(retried);
    await go(waits);
    await begun(retried);
    await go(retried);
    expect((await ended(retried)).status).toBe('completed');
    await harness.call('DELETE', '/api/v1/schedules/turns');
  });

  it('are neither dropped nor held while the index does not learn what has closed', async () => {
    const client = new Client({ connection: harness.connection, namespace: 'turns' });
    const count = async (query: string) => (await client.workflow.count(query)).count;
    const tasks = [{ name: 'a', action: 'core.transform', input: { data: 'ran' } }];
    // The table says how far the index is; its keeper cannot begin a round without it.
    const release = await holdTable(harness.database.db, watermarks, 'all');
    try {
      for (const policy of ['skip', 'fail', 'queue']) {
        const ref = await store(`late_${policy}`, { concurrency_key: { key: 'one', policy }, tasks, output: 'ran' });
        const id = `late-${policy}`;
        const schedule = { id, workflow: ref, spec: { cron: ['0 * * * *'] }, paused: true };
        expect((await harness.call('POST', '/api/v1/schedules', schedule)).status).toBe(201);
        const range = { start: '2026-11-01T00:30:00Z', end: '2026-11-01T05:30:00Z', overlap: 'buffer_all' };
        expect((await harness.call('POST', `/api/v1/schedules/${id}/backfill`, range)).status).toBe(202);
        const closed = `TemporalScheduledById = "default.${id}" AND ExecutionStatus != "Running"`;
        await until(
          () => count(closed),
          (found) => found === 5,
        );
        // Those who start over REST are served by the same rule.
        const more = await start(ref, {}, { wait: 60 });
        expect([more.status, more.body.data.status, more.body.data.result]).toEqual([201, 'completed', 'ran']);
      }
    } finally {
      await release();
    }
    for (const policy of ['skip', 'fail', 'queue']) {
      const runs = await until(
        async () => (await harness.call('GET', `${BASE}?action_ref=examples.late_${policy}`)).body.data,
        (found: { id: number; status: string }[]) =>
          found.length === 6 && found.every(({ status }) => CLOSED.includes(status)),
      );
      const results = await Promise.all(runs.map(({ id }) => get(id)));
      expect(results.map(({ result }) => result)).toEqual(Array(6).fill('ran'));
    }
  });

  it('are refused where they would wait for themselves, or where the key is none', async () => {
    const ref = await store('mine', { tasks: [{ name: 'a', action: 'core.noop' }] });
    await harness.call('PUT', `/api/v1/workflows/${ref}`, {
      definition: { concurrency_key: { key: 'k' }, tasks: [{ name: 'a', action: ref }] },
    });
    const circular = await start(ref);
    expect([circular.status, circular.body.code]).toEqual([409, 'sub_workflow_invalid']);
    const none = await start(await store('none', held({ key: '{{ parameters.k }}' })), { k: null });
    expect([none.status, none.body.code, none.body.issues[0].path]).toEqual([400, 'input_invalid', '/parameters']);
  });
});

describe('on_failure', () => {
  it('starts a workflow once for each run that fails, and none for that one', async () => {
    const hook = await store('hook', {
      on_failure: await store('never', { tasks: [{ name: 'a', action: 'core.noop' }] }),
      tasks: [
        { name: 'tell', action: 'core.transform', input: { data: '{{ parameters }}' } },
        { name: 'break', action: 'core.fail', input: { message: 'hook' } },
      ],
      output: { told: '{{ tell.output }}' },
    });
    const fails = { tasks: [{ name: 'a', action: 'core.fail', input: { message: 'broken' } }] };
    const failing = await store('failing', { on_failure: hook, ...fails });
    const below = await store('parent', { tasks: [{ name: 'a', action: failing, on_failure: 'noop' }] });
    const { id } = (await start(failing, { x: 1 }, { wait: 60 })).body.data;
    const parent = (await start(below, {}, { wait: 60 })).body.data;
    expect(parent.status).toBe('completed');
    const found = await until(
      () => harness.call('GET', `${BASE}?action_ref=${hook}`),
      ({ body }) => body.data.length === 2,
    );
    const hooks = await Promise.all(found.body.data.map((each: { id: number }) => ended(each.id)));
    const told = hooks.map(({ config }) => config).sort((a, b) => a.execution - b.execution);
    expect(told[0]).toMatchObject({
      execution: id,
      workflow: failing,
      input: { x: 1 },
      error: { type: 'action_error', message: 'broken' },
    });
    expect(hooks.map(({ mode, status }) => [mode, status])).toEqual([
      ['error', 'failed'],
      ['error', 'failed'],
    ]);
    // Everything about it is made again: nothing is started twice. A later failure shows that all before it were looked at since.
    await harness.call('POST', '/api/v1/executions/index/rebuild', {});
    await until(
      () => harness.call('GET', '/api/v1/index'),
      ({ body }) => body.data.status === 'current',
    );
    const later = (await start(failing, { x: 2 }, { wait: 60 })).body.data.id;
    const all = await until(
      () => harness.call('GET', `${BASE}?action_ref=${hook}`),
      ({ body }) => body.data.length > 2,
    );
    const failures = await Promise.all(all.body.data.map(async (each: { id: number }) => (await get(each.id)).config));
    const known = failures.map(({ execution }) => execution);
    expect(known.sort()).toEqual([...told.map(({ execution }) => execution), later].sort());
    expect((await harness.call('GET', `${BASE}?action_ref=examples.never`)).body.data).toEqual([]);
  });

  it('ends where a rule starts again what has failed, although the on_failure workflow fails, too', async () => {
    const fails = { tasks: [{ name: 'a', action: 'core.fail', input: { message: 'broken' } }] };
    const tells = await store('tells', fails);
    const remedied = await store('remedied', { on_failure: tells, ...fails });
    const rule = {
      ref: 'examples.again',
      pack_ref: 'examples',
      label: 'Again',
      type: 'io.fermata.execution.failed',
      when: `event.payload.workflow in ['${tells}', '${remedied}']`,
      workflow: remedied,
    };
    expect((await harness.call('POST', '/api/v1/rules', rule)).status).toBe(201);
    await start(remedied, {}, { wait: 60 });
    // The first run and its on_failure workflow start one more each. Neither of these is started again, nor for what follows them.
    const { body } = await until(
      () => harness.call('GET', '/api/v1/enforcements?rule=examples.again'),
      ({ body: { data } }) => data.length >= 6 && data.every(({ status }: EnforcementSummary) => status !== 'pending'),
    );
    const outcomes = body.data.map(({ status, reason }: EnforcementSummary) => reason?.code ?? status);
    expect(outcomes.sort()).toEqual(['loop', 'loop', 'loop', 'loop', 'started', 'started']);
    const runs = (await harness.call('GET', `${BASE}?action_ref=${remedied}`)).body.data;
    expect(runs).toHaveLength(3);
    const told = (await harness.call('GET', `${BASE}?action_ref=${tells}`)).body.data;
    expect(told).toHaveLength(3);
  });

  it('is refused where there is no such workflow', async () => {
    const definition = { on_failure: 'examples.nowhere', tasks: [{ name: 'a', action: 'core.noop' }] };
    const body = { ref: 'examples.lost', pack_ref: 'examples', label: 'x', version: '1.0.0', definition };
    const { status, body: answer } = await harness.call('POST', '/api/v1/workflows', body);
    expect([status, answer.issues]).toMatchObject([
      ...[400, [{ code: 'unknown_workflow', path: '/definition/on_failure' }]],
    ]);
  });
});
