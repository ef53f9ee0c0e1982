import { readFile } from 'node:fs/promises';
import { Client } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '../../../model/principal.ts';
import { createScheduleService } from '../../../service/schedules/schedules.ts';
import { createRepeats } from '../../../service/starts/idempotency.ts';
import { createScheduleLeaseStore } from '../../../store/definitions/schedule-leases.ts';
import { createIdempotencyKeyStore } from '../../../store/executions/idempotency-keys.ts';
import { createTemporalSchedules } from '../../../temporal/schedules.ts';
import { APPROVER_KEY, type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

const BASE = '/api/v1/schedules';
let harness: ApiHarness;

beforeAll(async () => {
  harness = await createApiHarness('schedules');
});
afterAll(() => harness.close());

const definition = (data: unknown) => ({
  tasks: [
    { name: 'a', action: 'core.transform', input: { data } },
    { name: 'b', action: 'core.transform', input: { data: '{{ execution.id }} {{ uuid() }}' } },
    { name: 'child', action: 'core.http', input: { url: `${harness.api.url}/healthz` } },
  ],
  output: { a: '{{ a.output }}', b: '{{ b.output }}' },
});
async function define(name: string, data: unknown): Promise<void> {
  const body = { ref: `examples.${name}`, pack_ref: 'examples', label: name, version: '1.0.0' };
  const answer = await harness.call('POST', '/api/v1/workflows', { ...body, definition: definition(data) });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
}
/** Creates a schedule, and waits until Temporal lists it: those that it does not list are not refreshed. */
async function create(body: Record<string, unknown>) {
  const answer = await harness.call('POST', BASE, body);
  if (answer.status === 201) {
    await until(
      async () => (await harness.call('GET', `${BASE}?per_page=100`)).body.data,
      (listed) => listed.some(({ id }: { id: string }) => id === body.id),
    );
  }
  return answer;
}
const get = async (id: string) => (await harness.call('GET', `${BASE}/${id}`)).body.data;
const execution = async (id: number) => (await harness.call('GET', `/api/v1/executions/${id}`)).body.data;
const ended = (id: number) =>
  until(
    () => execution(id),
    (run) => run?.status === 'completed',
  );

/** The time on a wall clock. */
interface Clock {
  clock: string;
  day: number;
  month: number;
  weekday: string;
}

const JANUARY = Date.parse('2027-01-01T00:00:00Z');
const YEAR_END = Date.parse('2028-01-01T00:00:00Z');

function clockOf(timeZone: string): (time: number) => Clock {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    hour: '2-digit',
    minute: '2-digit',
    day: 'numeric',
    month: 'numeric',
    weekday: 'short',
  });
  return (time) => {
    const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]));
    const [day, month] = [Number(parts.day), Number(parts.month)];
    return { clock: `${parts.hour}:${parts.minute}`, day, month, weekday: parts.weekday! };
  };
}

/** Looks at schedules as the API does, by a clock; `meanwhile` happens once each was described. */
const refresher = (meanwhile = async () => {}, clock: () => number = Date.now) => {
  const { executions, principals } = harness.api;
  const temporal = createTemporalSchedules({ connection: harness.connection, namespace: 'schedules' });
  const describe = async (id: string) => {
    const described = await temporal.describe(id);
    await meanwhile();
    return described;
  };
  return createScheduleService({
    temporal: { ...temporal, describe },
    executions,
    principals,
    repeats: createRepeats(createIdempotencyKeyStore(harness.database.db)),
    leases: createScheduleLeaseStore(harness.database.db, 'schedules'),
    log: pino({ level: 'silent' }),
    clock,
  });
};

/** Reads the data that Fermata stores with a schedule. */
async function keptWith(id: string): Promise<{ starters: string[]; principal: Principal }> {
  const described = await createTemporalSchedules({ connection: harness.connection, namespace: 'schedules' }).describe(
    `default.${id}`,
  );
  return described!.action.memo!.schedule as { starters: string[]; principal: Principal };
}

/** Looks at all schedules now, as the API does twice a minute. */
const refresh = () => refresher().refresh();

describe('a schedule', () => {
  it('starts runs, each an execution of its own with a number and chance of its own', async () => {
    await define('often', '{{ parameters.n }}');
    const body = { id: 'often', workflow: 'examples.often', input: { n: 7 }, spec: { every: 1 }, overlap: 'allow_all' };
    const created = await create(body);
    expect([created.status, created.headers.get('location')]).toEqual([201, `${BASE}/often`]);
    expect(created.body.data).toMatchObject({ ...body, paused: false, note: null, revision: 1, catchup_window: null });
    const { recent } = await until(
      () => get('often'),
      (schedule) => schedule.recent.length >= 2,
    );
    expect((await harness.call('POST', `${BASE}/often/pause`, { note: 'enough' })).body.data).toMatchObject({
      paused: true,
      note: null,
      state_note: 'enough',
    });
    const [one, two] = await Promise.all([ended(recent[0].execution), ended(recent[1].execution)]);
    for (const run of [one, two]) {
      expect(run).toMatchObject({
        mode: 'internal',
        schedule: 'often',
        action_ref: 'examples.often',
        config: { n: 7 },
      });
      expect([run.result.a, run.projection]).toEqual([7, 'complete']);
      expect(run.result.b.split(' ')[0]).toBe(String(run.id));
    }
    expect(one.result.b.split(' ')[1]).not.toBe(two.result.b.split(' ')[1]);
    const listed = await until(
      async () =>
        (await harness.call('GET', '/api/v1/executions?status=completed&action_ref=examples.often')).body.data,
      (runs) => runs.length >= 2,
    );
    expect(listed.map(({ id }: { id: number }) => id)).toEqual(expect.arrayContaining([one.id, two.id]));
    expect((await harness.call('GET', `/api/v1/executions/${one.uuid}`)).body.data.id).toBe(one.id);
    expect((await harness.call('POST', `${BASE}/often/resume`)).body.data.paused).toBe(false);
    expect((await harness.call('DELETE', `${BASE}/often`)).status).toBe(200);
    expect((await harness.call('GET', `${BASE}/often`)).body.code).toBe('schedule_not_found');
    expect((await execution(one.id)).status).toBe('completed');
  });

  it('is triggered, replaced, and made to catch up', async () => {
    const spec = { cron: ['0 3 * * *'], time_zone: 'Europe/Zurich', start: '2026-01-01T00:00:00Z' };
    expect((await create({ id: 'nightly', workflow: 'core.noop', spec })).status).toBe(201);
    const { next } = await get('nightly');
    expect([next.length, [1, 2].includes(new Date(next[0]).getUTCHours())]).toEqual([5, true]);
    const trigger = (body?: object) =>
      harness.call('POST', `${BASE}/nightly/trigger`, body, { 'idempotency-key': 'nightly-once' });
    const [one, two] = await Promise.all([trigger(), trigger()]);
    expect([one.status, two.status, two.body.data.triggered]).toEqual([202, 202, one.body.data.triggered]);
    expect((await trigger({ overlap: 'skip' })).body.code).toBe('idempotency_mismatch');
    const triggered = await until(
      () => get('nightly'),
      ({ recent }) => recent.length === 1,
    );
    expect(triggered.recent[0]).toMatchObject(one.body.data.triggered);
    expect((await ended(one.body.data.triggered.execution)).schedule).toBe('nightly');
    const replaced = await harness.call('PUT', `${BASE}/nightly`, {
      workflow: 'core.transform',
      input: { data: 1 },
      spec: { every: 3600 },
      note: 'hourly',
    });
    expect(replaced.body.data).toMatchObject({ workflow: 'core.transform', spec: { every: 3600 }, note: 'hourly' });
    const backfill = { start: '2026-11-01T00:30:00Z', end: '2026-11-01T03:30:00Z', overlap: 'allow_all' };
    const once = { 'idempotency-key': 'november' };
    expect((await harness.call('POST', `${BASE}/nightly/backfill`, backfill, once)).status).toBe(202);
    expect((await harness.call('POST', `${BASE}/nightly/backfill`, backfill, once)).status).toBe(202);
    expect((await trigger()).status).toBe(202);
    const times: string[] = await until(
      async () => (await get('nightly')).recent.map(({ scheduled }: { scheduled: string }) => scheduled),
      (found) => found.filter((time: string) => time.startsWith('2026-11-01T')).length >= 3,
    );
    expect(times).toEqual(
      expect.arrayContaining(['2026-11-01T01:00:00.000Z', '2026-11-01T02:00:00.000Z', '2026-11-01T03:00:00.000Z']),
    );
    // An interval starts on the hour; nothing else has come of three requests with one key.
    const asked = times.filter((time: string) => !time.endsWith(':00:00.000Z'));
    expect(asked.filter((time: string) => time !== triggered.recent[0].scheduled)).toEqual([]);
    await harness.call('DELETE', `${BASE}/nightly`);
  });

  it('starts the newest revision, and is paused when its workflow cannot be started', async () => {
    await define('moving', 'old');
    expect((await create({ id: 'moving', workflow: 'examples.moving', spec: { every: 86_400 } })).status).toBe(201);
    await harness.call('PUT', '/api/v1/workflows/examples.moving', { definition: definition('new') });
    await refresh();
    expect((await get('moving')).revision).toBe(2);
    const before = (await get('moving')).updated;
    await refresh();
    expect((await get('moving')).updated).toBe(before);
    await harness.call('POST', `${BASE}/moving/trigger`);
    const { recent } = await until(
      () => get('moving'),
      (schedule) => schedule.recent.length === 1,
    );
    expect((await ended(recent[0].execution)).result.a).toBe('new');
    await harness.call('PUT', '/api/v1/workflows/examples.moving', { enabled: false });
    const triggered = await harness.call('POST', `${BASE}/moving/trigger`);
    expect([triggered.status, triggered.body.code]).toEqual([409, 'workflow_disabled']);
    await refresh();
    expect(await get('moving')).toMatchObject({
      paused: true,
      note: null,
      state_note: 'its workflow cannot be started: workflow "examples.moving" is disabled',
    });
    await harness.call('PUT', '/api/v1/workflows/examples.moving', { enabled: true });
    await refresh();
    expect(await get('moving')).toMatchObject({ paused: false, state_note: 'its workflow can be started again' });
    await harness.call('POST', `${BASE}/moving/pause`, { note: 'enough' });
    await refresh();
    expect(await get('moving')).toMatchObject({ paused: true, state_note: 'enough' });
    await harness.call('DELETE', `${BASE}/moving`);
  });

  it('tells each run the time that it is for, with its retries and sub-workflows', async () => {
    const body = (name: string, tasks: object[], output: unknown) => ({
      ref: `examples.${name}`,
      pack_ref: 'examples',
      label: name,
      version: '1.0.0',
      definition: { tasks, output },
    });
    const time = '{{ execution.scheduled_at }} {{ execution.schedule }}';
    const note = (name: string) => ({ name, action: 'core.transform', input: { data: time } });
    await harness.call('POST', '/api/v1/workflows', body('below', [note('a')], { a: '{{ a.output }}' }));
    const tasks = [
      note('own'),
      { name: 'sub', action: 'examples.below' },
      { name: 'end', action: 'core.fail', input: { message: '{{ execution.scheduled_at }}' } },
    ];
    const stored = await harness.call('POST', '/api/v1/workflows', body('timed', tasks, null));
    expect(stored.status, JSON.stringify(stored.body)).toBe(201);
    const spec = { cron: ['0 * * * *'] };
    expect((await create({ id: 'timed', workflow: 'examples.timed', spec, paused: true })).status).toBe(201);
    const range = { start: '2026-11-01T00:30:00Z', end: '2026-11-01T02:30:00Z', overlap: 'allow_all' };
    expect((await harness.call('POST', `${BASE}/timed/backfill`, range)).status).toBe(202);
    const { recent } = await until(
      () => get('timed'),
      (schedule) => schedule.recent.length === 2,
    );
    const failed = (id: number) =>
      until(
        () => execution(id),
        (run) => run?.status === 'failed',
      );
    // biome-ignore lint/suspicious/noExplicitAny: an answer, whose schema was checked
    const seen = ({ scheduled_at, tasks, result }: any) => [
      ...[scheduled_at, tasks[0].output, tasks[1].output.a, result.error],
    ];
    const expected = (hour: string) => [hour, `${hour} timed`, `${hour} timed`, hour];
    for (const { execution: id, scheduled } of recent) {
      const run = await failed(id);
      expect([run.schedule, run.projection]).toEqual(['timed', 'complete']);
      expect(seen(run)).toEqual(expected(scheduled));
      expect((await execution(run.tasks[1].child)).scheduled_at).toBe(scheduled);
      // As Temporal itself says.
      const client = new Client({ connection: harness.connection, namespace: 'schedules' });
      const { searchAttributes } = await client.workflow.getHandle(run.workflow_id).describe();
      expect(searchAttributes.TemporalScheduledStartTime).toEqual([new Date(scheduled)]);
    }
    expect(recent.map(({ scheduled }: { scheduled: string }) => scheduled).sort()).toEqual([
      ...['2026-11-01T01:00:00.000Z', '2026-11-01T02:00:00.000Z'],
    ]);
    const [{ execution: id, scheduled }] = recent;
    for (const from of ['failed', 'start']) {
      const retried = await harness.call('POST', `/api/v1/executions/${id}/retry`, { from });
      expect(retried.status, JSON.stringify(retried.body)).toBe(201);
      expect(seen(await failed(retried.body.data.id)), from).toEqual(expected(scheduled));
    }
    const byHand = await harness.call('POST', '/api/v1/executions', { action_ref: 'examples.below', wait: 60 });
    expect([byHand.body.data.scheduled_at, byHand.body.data.result]).toEqual([null, { a: 'None None' }]);
    const simulate = (more: object) =>
      harness.call('POST', '/api/v1/workflows/examples.below/simulate', { input: {}, ...more });
    const simulated = await simulate({ scheduled_at: '2026-11-01T04:00:00+01:00' });
    expect(simulated.body.data.output).toEqual({ a: '2026-11-01T03:00:00.000Z None' });
    await harness.call('DELETE', `${BASE}/timed`);
  });

  it('keeps the note of its author, next to what was said when it was paused or resumed', async () => {
    const body = { workflow: 'core.noop', spec: { every: 86_400 }, note: 'acceptance' };
    await create({ id: 'noted', ...body });
    const notes = async (path: string, given: object | undefined) => {
      const { body: answer } = await harness.call(path === '' ? 'PUT' : 'POST', `${BASE}/noted${path}`, given);
      const { note, state_note, paused } = answer.data ?? answer;
      return [note, state_note, paused];
    };
    const { note, state_note } = await get('noted');
    expect([note, state_note]).toEqual(['acceptance', null]);
    expect(await notes('/pause', undefined)).toEqual(['acceptance', 'paused by dev', true]);
    expect(await notes('/resume', undefined)).toEqual(['acceptance', 'resumed by dev', false]);
    expect(await notes('/pause', { note: 'freeze' })).toEqual(['acceptance', 'freeze', true]);
    const { note: _, ...rest } = body;
    expect(await notes('', rest)).toEqual(['acceptance', 'freeze', true]);
    expect(await notes('', { ...rest, note: 'other', paused: false })).toEqual(['other', 'resumed by dev', false]);
    await harness.call('DELETE', `${BASE}/noted`);
  });

  it('stays paused by whoever has paused it while it was looked at, or replaced', async () => {
    await define('watched', 'old');
    const body = { workflow: 'examples.watched', spec: { every: 86_400 } };
    expect((await create({ id: 'watched', ...body })).status).toBe(201);
    const stands = async () => {
      const { paused, state_note } = await get('watched');
      return [paused, state_note];
    };
    // As Temporal's own command line does, which waits for no turn.
    const temporal = createTemporalSchedules({ connection: harness.connection, namespace: 'schedules' });
    const pause = () => temporal.pause('default.watched', 'maintenance');
    const enable = (enabled: boolean) => harness.call('PUT', '/api/v1/workflows/examples.watched', { enabled });
    await enable(false);
    await refresher(pause).refresh();
    expect(await stands()).toEqual([true, 'maintenance']);
    await enable(true);
    await refresh();
    expect(await stands()).toEqual([true, 'maintenance']);
    await harness.call('POST', `${BASE}/watched/resume`, { note: 'over' });
    const { principal } = await keptWith('watched');
    const replacement = { ...body, input: {}, overlap: 'skip' as const, catchupWindow: undefined, note: undefined };
    await refresher(pause).replace(principal, 'watched', replacement);
    expect(await stands()).toEqual([true, 'maintenance']);
    await harness.call('DELETE', `${BASE}/watched`);
  });

  it('starts nothing with the permissions of a maker who no longer has them', async () => {
    const give = async (grants: object) =>
      (await harness.call('POST', '/api/v1/keys', { subject: 'maker', ...grants })).body.data.key as string;
    const asMaker = { 'x-api-key': await give({ roles: ['author'] }) };
    const body = { workflow: 'core.http', input: { url: 'http://127.0.0.1:9/' }, spec: { every: 86_400 } };
    expect((await harness.call('POST', BASE, { id: 'made', ...body }, asMaker)).status).toBe(201);
    const made = async () => {
      await refresh();
      const { paused, state_note } = await get('made');
      return [paused, state_note];
    };
    expect(await made()).toEqual([false, null]);
    const prefix = 'its workflow cannot be started:';
    const who = `${prefix} maker, who last changed the schedule,`;
    await give({ roles: ['viewer'] });
    expect(await made()).toEqual([true, `${who} does not have the permission "execution:execute"`]);
    const triggered = await harness.call('POST', `${BASE}/made/trigger`);
    expect([triggered.status, triggered.body.code]).toEqual([403, 'forbidden']);
    await give({ roles: ['operator'] });
    expect(await made()).toEqual([true, expect.stringContaining('action:execute')]);
    await give({ roles: [], permissions: ['execution:execute', 'action:execute'] });
    expect(await made()).toEqual([false, 'its workflow can be started again']);
    // The end of a key alone ends nothing: who has left is disabled.
    const keys = (await harness.call('GET', '/api/v1/keys')).body.data;
    for (const { id } of keys.filter(({ subject }: { subject: string }) => subject === 'maker'))
      await harness.call('DELETE', `/api/v1/keys/${id}`);
    expect(await made()).toEqual([false, 'its workflow can be started again']);
    await harness.call('POST', '/api/v1/principals/maker/disable');
    expect(await made()).toEqual([true, `${who} is disabled`]);
    // Whoever replaces it is its maker from then on.
    expect((await harness.call('PUT', `${BASE}/made`, body)).body.data).toMatchObject({
      paused: false,
      state_note: null,
    });
    expect(await made()).toEqual([false, null]);
    await harness.call('DELETE', `${BASE}/made`);
  });

  it('has everyone as a starter who triggers it, however many do at once', async () => {
    // A run that is still open skips none.
    const body = { id: 'shared', workflow: 'core.noop', spec: { every: 86_400 }, overlap: 'allow_all', paused: true };
    expect((await create(body)).status).toBe(201);
    const people = ['ann', 'bob', 'cai', 'dee'];
    const keys = await Promise.all(
      people.map(
        async (subject) => (await harness.call('POST', '/api/v1/keys', { subject, roles: ['admin'] })).body.data.key,
      ),
    );
    // By the schedule's own policy, a run that is still open has the next one skipped.
    const overlap = 'allow_all';
    // The changes of a schedule follow one another, and may not all come to their turn within a request's time: each client asks again
    // with its key, which triggers the schedule once.
    const triggered = await Promise.all(
      keys.map((key, at) => {
        const headers = { 'x-api-key': key, 'idempotency-key': people[at]! };
        return until(
          () => harness.call('POST', `${BASE}/shared/trigger`, { overlap }, headers),
          ({ status }) => status !== 503,
        );
      }),
    );
    expect(triggered.map(({ status }) => status)).toEqual(people.map(() => 202));
    expect((await harness.call('POST', `${BASE}/shared/trigger`, { overlap })).status).toBe(202);
    // Each has another second, however many are triggered within one.
    const { recent } = await until(
      () => get('shared'),
      ({ recent }) => recent.length === people.length + 1,
    );
    expect(new Set(recent.map(({ execution: id }: { execution: number }) => id)).size).toBe(recent.length);
    const { starters } = await keptWith('shared');
    expect([...starters].sort()).toEqual([...people, 'dev']);
    expect((await get('shared')).paused).toBe(true);
    await harness.call('DELETE', `${BASE}/shared`);
  });

  it('takes every change that reaches it at once, from whichever process', async () => {
    const body = { id: 'crowded', workflow: 'core.noop', spec: { every: 86_400 }, overlap: 'allow_all', paused: true };
    expect((await create(body)).status).toBe(201);
    const { principal } = await keptWith('crowded');
    // By a clock that stands still: a change that has waited for long is refused, and a busy machine takes long.
    const began = Date.now();
    const processes = [1, 2].map(() => refresher(undefined, () => began));
    const day = (n: number, hour = 0) => new Date(Date.UTC(2026, 0, n, hour));
    const days = [2, 3, 4, 5, 6, 7];
    await Promise.all([
      ...days.map((n, at) =>
        processes[at % 2]!.backfill(principal, 'crowded', { start: day(n), end: day(n, 1), overlap: 'allow_all' }),
      ),
      ...processes.map((each, at) => each.pause(principal, 'crowded', `process ${at}`)),
    ]);
    const { recent } = await until(
      () => get('crowded'),
      ({ recent }) => recent.length === days.length,
    );
    const scheduled = recent.map(({ scheduled }: { scheduled: string }) => scheduled);
    expect(scheduled.sort()).toEqual(days.map((n) => day(n).toISOString()));
    expect((await get('crowded')).state_note).toMatch(/^process [01]$/);
    await harness.call('DELETE', `${BASE}/crowded`);
  });

  it.each(['was never there', 'was deleted'])('that %s cannot be changed', async (how) => {
    const temporal = createTemporalSchedules({ connection: harness.connection, namespace: 'schedules' });
    const [id, at] = [`gone-${how.at(-1)}`, Date.UTC(2026, 0)];
    expect((await create({ id, workflow: 'core.noop', spec: { every: 86_400 }, paused: true })).status).toBe(201);
    const found = (await temporal.describe(`default.${id}`))!;
    if (how === 'was deleted') await temporal.remove(found.scheduleId);
    const scheduleId = how === 'was deleted' ? found.scheduleId : 'default.nobody';
    const range = { start: new Date(at), end: new Date(at + 1), overlap: 'skip' as const };
    const calls = [
      () => temporal.pause(scheduleId, 'x'),
      () => temporal.resume(scheduleId, 'x'),
      () => temporal.trigger(scheduleId, undefined, at),
      () => temporal.backfill(scheduleId, range),
      () => temporal.pauseUnlessChanged({ ...found, scheduleId }, 'x'),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'schedule_not_found' });
    await temporal.remove(found.scheduleId);
    await expect(temporal.remove(scheduleId)).resolves.toBeUndefined();
  });

  it('stands in a list, for its own tenant alone', async () => {
    for (const id of ['b', 'a', 'c']) {
      expect((await create({ id, workflow: 'core.noop', spec: { every: 3600 }, paused: true })).status).toBe(201);
    }
    const list = async (query: string) => (await harness.call('GET', `${BASE}?${query}`)).body;
    const all = await until(
      () => list(''),
      ({ meta }) => meta.total === 3,
    );
    expect(all.data.map(({ id }: { id: string }) => id)).toEqual(['a', 'b', 'c']);
    expect((await list('page=2&per_page=2')).data.map(({ id }: { id: string }) => id)).toEqual(['c']);
    await harness.call('POST', '/api/v1/tenants', { ref: 'other', label: 'Other' });
    const key = (await harness.call('POST', '/api/v1/keys', { subject: 'x', tenant: 'other', roles: ['admin'] })).body
      .data.key;
    const foreign = { 'x-api-key': key };
    expect((await harness.call('GET', BASE, undefined, foreign)).body.data).toEqual([]);
    expect((await harness.call('GET', `${BASE}/a`, undefined, foreign)).status).toBe(404);
    expect((await harness.call('DELETE', `${BASE}/a`, undefined, foreign)).status).toBe(404);
    expect((await harness.call('GET', `${BASE}/a`, undefined, { 'x-api-key': APPROVER_KEY })).status).toBe(200);
  });

  it.each<[cron: string, zone: string, matches: (time: Clock) => boolean]>([
    ['0 5 13 * 5', 'UTC', (at) => at.clock === '05:00' && (at.day === 13 || at.weekday === 'Fri')],
    ['30 2 * * *', 'America/New_York', (at) => at.clock === '02:30'],
    ['30 1 * * *', 'America/New_York', (at) => at.clock === '01:30'],
    ['0,30 2 * * 0', 'Australia/Lord_Howe', (at) => /^02:[03]0$/.test(at.clock) && at.weekday === 'Sun'],
    ['0 */6 1-7 jan-mar *', 'Europe/Berlin', (at) => /^(00|06|12|18):00$/.test(at.clock) && at.day < 8 && at.month < 4],
    ['@weekly', 'Asia/Kathmandu', (at) => at.clock === '00:00' && at.weekday === 'Sun'],
  ])('of %s in %s comes when the clock there says so, all of 2027', async (cron, zone, matches) => {
    const body = { workflow: 'core.noop', spec: { cron: [cron], time_zone: zone }, paused: true };
    expect((await create({ id: 'year', ...body })).status).toBe(201);
    const { startTime: found } = await harness.connection.workflowService.listScheduleMatchingTimes({
      namespace: 'schedules',
      scheduleId: 'default.year',
      startTime: msToTs(JANUARY - 1_000),
      endTime: msToTs(YEAR_END - 1_000),
    });
    const clock = clockOf(zone);
    const expected: number[] = [];
    // Zones differ by quarters of an hour; a quarter that comes twice by the clock is two times.
    for (let time = JANUARY; time < YEAR_END; time += 900_000) if (matches(clock(time))) expected.push(time);
    expect(found.map(({ seconds }) => Number(seconds) * 1000)).toEqual(expected);
    expect(expected.length).toBeGreaterThan(50);
    await harness.call('DELETE', `${BASE}/year`);
  });

  it('that was stored before keeps what its cron meant, until it is replaced', async () => {
    await define('kept', 'old');
    const spec = { cron: ['0 3 13 * 5'] };
    expect((await create({ id: 'old', workflow: 'examples.kept', spec, paused: true })).status).toBe(201);
    const handle = new Client({ connection: harness.connection, namespace: 'schedules' }).schedule.getHandle(
      'default.old',
    );
    // As the releases before this one made it: the line went to Temporal, for which both days must match.
    await handle.update((before) => {
      const { calendars: _, ...kept } = before.action.memo!.schedule as Record<string, unknown>;
      const asked = kept.request as object;
      const memo = {
        ...before.action.memo,
        schedule: { ...kept, request: { ...asked, spec: { cron: ['0 0 3 13 * 5'] } } },
      };
      return { ...before, spec: { cronExpressions: ['0 3 13 * 5'] }, action: { ...before.action, memo } };
    });
    const both = (await get('old')).next;
    expect(both.every((time: string) => new Date(time).getUTCDate() === 13)).toBe(true);
    await harness.call('PUT', '/api/v1/workflows/examples.kept', { definition: definition('new') });
    await until(
      async () => {
        await refresher().refresh();
        return get('old');
      },
      ({ revision }) => revision === 2,
    );
    expect((await get('old')).next).toEqual(both);
    expect((await harness.call('POST', `${BASE}/old/trigger`)).status).toBe(202);
    expect((await get('old')).next).toEqual(both);
    await harness.call('PUT', `${BASE}/old`, { workflow: 'examples.kept', spec });
    expect((await get('old')).next.some((time: string) => new Date(time).getUTCDate() !== 13)).toBe(true);
    await harness.call('DELETE', `${BASE}/old`);
  });

  it('is what docs/schedules.md says, and one that is replaced stays paused unless it is said', async () => {
    const page = await readFile('docs/schedules.md', 'utf8');
    const body = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)![1]!);
    await define('report', '{{ parameters.report }}');
    const created = await create(body);
    expect([created.status, created.body.data]).toMatchObject([201, body]);
    const { id, ...rest } = body;
    await harness.call('POST', `${BASE}/${id}/pause`);
    const replace = async (more: object) =>
      (await harness.call('PUT', `${BASE}/${id}`, { ...rest, ...more })).body.data;
    expect([(await replace({})).paused, (await replace({ paused: false })).paused, (await replace({})).paused]).toEqual(
      [...[true, false, false]],
    );
    await harness.call('DELETE', `${BASE}/${id}`);
  });

  const good = { id: 'bad', workflow: 'core.noop', spec: { every: 60 } };
  it.each([
    ['no time', { ...good, spec: {} }, 400, '/spec'],
    ['a wrong cron', { ...good, spec: { cron: ['@daily', '0 9 * * 1#2'] } }, 400, '/spec/cron/1'],
    ['an unknown time zone', { ...good, spec: { cron: ['@daily'], time_zone: 'Mars/Base' } }, 400, '/spec/time_zone'],
    ['a fraction of a second', { ...good, spec: { every: 1.5 } }, 400, '/spec/every'],
    ['a time that never comes', { ...good, spec: { cron: ['0 0 30 2 *'] } }, 400, '/spec/cron/0'],
    [
      'an end before its start',
      { ...good, spec: { every: 60, start: '2027-01-02T00:00:00Z', end: '2027-01-01T00:00:00Z' } },
      400,
      '/spec/end',
    ],
    ['an unknown overlap', { ...good, overlap: 'maybe' }, 400, '/overlap'],
    ['a wrong id', { ...good, id: 'a b' }, 400, '/id'],
    ['a wrong input', { ...good, workflow: 'examples.first_run', input: {} }, 400, '/input/url'],
    ['an unknown workflow', { ...good, workflow: 'core.nothing' }, 404, undefined],
    ['an id that is taken', { ...good, id: 'a' }, 409, undefined],
  ])('with %s is refused', async (_, body, status, path) => {
    const answer = await create(body);
    expect([answer.status, answer.body.issues?.[0].path]).toEqual([status, path]);
  });
});
