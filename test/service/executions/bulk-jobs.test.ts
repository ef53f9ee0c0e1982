import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import type { BulkError, BulkVerb } from '../../../model/bulk.ts';
import type { Principal } from '../../../model/principal.ts';
import { createBell } from '../../../service/background/bell.ts';
import { createBulkService } from '../../../service/executions/bulk-jobs.ts';
import { createRepeats } from '../../../service/starts/idempotency.ts';
import type { BulkProgress, HeldJob } from '../../../store/executions/bulk-jobs.ts';
import type { IdempotencyKeyStore, KeptRequest } from '../../../store/executions/idempotency-keys.ts';

const operator = {
  id: 'p1',
  tenant: 'acme',
  subject: 'olga',
  roles: ['operator'],
  permissions: [],
} as unknown as Principal;
const admin: Principal = { ...operator, roles: ['admin'] };
const viewer: Principal = { ...operator, roles: ['viewer'] };

/** Looks for jobs very often, so that no test waits for one. */
const SOON = { lease: 20_000, interval: 2 };

/** A store of idempotency keys in memory. */
function keptKeys(): Pick<IdempotencyKeyStore, 'find' | 'add'> {
  const rows = new Map<string, KeptRequest>();
  return {
    find: async (tenant, key) => rows.get(`${tenant} ${key}`) ?? null,
    add: async (tenant, { key, ...kept }) => {
      if (!rows.has(`${tenant} ${key}`)) rows.set(`${tenant} ${key}`, kept);
    },
  };
}

/** Runs a job of 40 executions whose principal may do what `standing` says at each look, until nothing is left of it. */
async function play(verb: BulkVerb, standing: readonly (Principal | null)[]) {
  const looks = [...standing];
  const acted: string[] = [];
  const job = {
    id: 'job',
    tenant: 'acme',
    verb,
    reason: '',
    principal: admin,
    targets: Array.from({ length: 40 }, (_, n) => n + 1),
    done: 0,
    status: 'running',
    errors: [] as object[],
  };
  const stop = new AbortController();
  const jobs = {
    lease: async () => {
      if (job.status === 'running') return job;
      stop.abort();
      return null;
    },
    advance: async (_: HeldJob, { done, errors }: BulkProgress) => {
      job.done += done;
      job.errors.push(...errors);
      if (job.done >= job.targets.length) job.status = 'completed';
      return job;
    },
    abort: async () => {
      job.status = 'aborted';
      return job;
    },
  };
  const act = async (by: Principal) => {
    acted.push(by.roles[0]!);
  };
  const services = {
    executions: { cancel: act, terminate: act },
    controls: { control: act },
    retries: { retry: act },
    deletions: { deleteExecution: act },
    principals: { asItStands: async () => (looks.length > 1 ? looks.shift()! : looks[0]!) },
  };
  const log = { warn: () => undefined, error: () => undefined };
  const service = createBulkService({
    jobs,
    store: {},
    ...services,
    clock: Date.now,
    log,
  } as never);
  await service.run(stop.signal);
  return { status: job.status, acted, errors: job.errors };
}

it.each<[string, BulkVerb, (Principal | null)[], string, number, string | null]>([
  ['by whoever may still do it', 'cancel', [operator], 'completed', 40, null],
  ['by whoever may still do it', 'pause', [operator], 'completed', 40, null],
  [
    'by whoever may only look now',
    'resume',
    [viewer],
    'aborted',
    0,
    '"olga", who started this job, no longer has the permission execution:execute',
  ],
  [
    'by whoever is disabled before it begins',
    'cancel',
    [null],
    'aborted',
    0,
    '"olga", who started this job, is disabled',
  ],
  [
    'by whoever is disabled meanwhile',
    'retry',
    [operator, null],
    'aborted',
    32,
    '"olga", who started this job, is disabled',
  ],
  [
    ...([
      'by whoever may only look now',
      'terminate',
      [operator, viewer] as (Principal | null)[],
      'aborted',
      32,
    ] as const),
    '"olga", who started this job, no longer has the permission execution:execute',
  ],
  [
    ...([
      'by an admin who is an operator now',
      'delete',
      [admin, operator] as (Principal | null)[],
      'aborted',
      32,
    ] as const),
    '"olga", who started this job, no longer has the permission execution:admin',
  ],
])('a job %s does what they may do now (%s)', async (_, verb, standing, status, acted, error) => {
  const played = await play(verb, standing as (Principal | null)[]);
  expect([played.status, played.acted.length]).toEqual([status, acted]);
  expect(played.errors.map((entry) => (entry as { error: string }).error)).toEqual(error === null ? [] : [error]);
  expect(new Set(played.acted).has('viewer')).toBe(false);
});

it.each<[BulkVerb, Principal, string | null]>([
  ['cancel', operator, null],
  ['cancel', viewer, 'forbidden'],
  ['terminate', viewer, 'forbidden'],
  ['pause', viewer, 'forbidden'],
  ['resume', viewer, 'forbidden'],
  ['retry', viewer, 'forbidden'],
  ['delete', operator, 'forbidden'],
  ['delete', admin, null],
])('%s is begun by whoever may, not by others', async (verb, principal, refused) => {
  const jobs = { create: async () => undefined, find: async () => ({ targets: [1] }) };
  const services = { executions: { numberOf: async () => 1 }, repeats: createRepeats(keptKeys()) };
  const service = createBulkService({
    jobs,
    store: {},
    ...services,
    bell: createBell(),
    clock: Date.now,
    log: {},
  } as never);
  const begun = service.begin(principal, verb, { ids: ['1024'] }, { reason: '' }).then(
    () => null,
    (error: unknown) => (error instanceof AppError ? error.code : error),
  );
  expect(await begun).toBe(refused);
});

it.each<[string, object[], number, (string | number)[]]>([
  ['without a key: two', [{}, {}], 2, [0, 1]],
  ['with one key: one', [{ key: 'a' }, { key: 'a' }], 1, [0, 0]],
  ['with two keys: two', [{ key: 'a' }, { key: 'b' }], 2, [0, 1]],
  [
    'with one key and another reason: refused',
    [{ key: 'a' }, { key: 'a', reason: 'x' }],
    1,
    [0, 'idempotency_mismatch'],
  ],
  ['with one key and other ids: refused', [{ key: 'a' }, { key: 'a', ids: ['3'] }], 1, [0, 'idempotency_mismatch']],
  [
    'with one key and another verb: refused',
    [{ key: 'a' }, { key: 'a', verb: 'retry' }],
    1,
    [0, 'idempotency_mismatch'],
  ],
  ['with one key and a filter: refused', [{ key: 'a' }, { key: 'a', filter: {} }], 1, [0, 'idempotency_mismatch']],
  ['with one key, once what was wrong is mended', [{ key: 'a', ids: ['x'] }, { key: 'a' }], 1, ['request_invalid', 0]],
  ['with one key, the database being lost in between', [{ key: 'a', lost: true }, { key: 'a' }], 1, ['Error: lost', 0]],
  ['with no key that there can be', [{ key: 'a b' }], 0, ['request_invalid']],
])('two requests make jobs %s', async (_, requests, count, answers) => {
  const made = new Map<string, { targets: number[] }>();
  let isLost = false;
  const jobs = {
    create: async ({ id, targets }: { id: string; targets: number[] }) => {
      if (isLost) throw new Error('lost');
      if (!made.has(id)) made.set(id, { targets });
    },
    find: async (_tenant: string, id: string) => made.get(id) ?? null,
  };
  const executions = { numberOf: async (_: Principal, id: string) => (id === 'x' ? null : Number(id)) };
  const services = { executions, repeats: createRepeats(keptKeys()) };
  const store = { numbersOf: async () => [1] };
  const deps = { jobs, store, ...services, bell: createBell(), clock: Date.now, log: {} };
  const service = createBulkService(deps as never);
  const given: (string | number)[] = [];
  for (const request of requests as {
    key?: string;
    reason?: string;
    ids?: string[];
    verb?: BulkVerb;
    lost?: boolean;
    filter?: object;
  }[]) {
    const { key, reason = '', ids = ['1', '2'], verb = 'cancel', lost = false, filter } = request;
    isLost = lost;
    const target = filter === undefined ? { ids } : { filter };
    given.push(
      await service.begin(operator, verb, target, { reason, idempotencyKey: key }).then(
        ({ id }) => [...made.keys()].indexOf(id),
        (error: unknown) => (error instanceof AppError ? error.code : String(error)),
      ),
    );
  }
  expect([made.size, given]).toEqual([count, answers]);
});

// A job that meets an error waits for a second: these tests wait together.

it.each<[string, Record<number, number>, number[], number]>([
  ['none', {}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0],
  ['one, once', { 3: 1 }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 1],
  ['the first and the last of a batch, several times', { 1: 2, 8: 3 }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 3],
  [
    'all, once',
    Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => [n, 1])),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    2,
  ],
])(
  'what an outage contains up is done later, and nothing is done more than once: %s',
  async (_, outages, expected, released) => {
    const left = new Map(Object.entries(outages).map(([n, times]) => [Number(n), times]));
    const done: number[] = [];
    let waits = 0;
    const job = {
      id: 'job',
      tenant: 'acme',
      verb: 'cancel',
      reason: '',
      principal: operator,
      status: 'running',
      done: 0,
    };
    const state = { ...job, targets: expected, errors: [] as object[], leased: null as Date | null };
    const stop = new AbortController();
    const jobs = {
      lease: async () => {
        if (state.status === 'running') return { ...state };
        stop.abort();
        return null;
      },
      advance: async (
        _held: HeldJob,
        { done: more, errors }: BulkProgress,
        until: Date | null,
        _most: number,
        targets?: number[],
      ) => {
        if (targets !== undefined) {
          state.targets = targets;
          waits += 1;
          // Let go for a while, in which other jobs of the tenant have their turn; a lease lasts longer.
          expect(until!.getTime() - Date.now()).toBeLessThanOrEqual(SOON.interval);
        }
        state.done += more;
        state.errors.push(...errors);
        if (state.done >= state.targets.length) state.status = 'completed';
        return { ...state };
      },
      renew: async (_held: HeldJob, until: Date) => {
        expect(until.getTime() - Date.now()).toBeLessThanOrEqual(SOON.interval);
      },
    };
    const cancel = async (_: Principal, id: string) => {
      const n = Number(id) / 1024;
      const times = left.get(n) ?? 0;
      left.set(n, times - 1);
      if (times > 0) throw new AppError('temporal_unavailable', 'away');
      done.push(n);
    };
    const services = { executions: { cancel }, principals: { asItStands: async () => operator } };
    const log = { warn: () => undefined, error: () => undefined } as never;
    await createBulkService({ jobs, store: {}, ...services, clock: Date.now, log, timing: SOON } as never).run(
      stop.signal,
    );
    expect([done.sort((a, b) => a - b), state.errors, waits]).toEqual([expected, [], released]);
  },
);

/** Runs a job of 10 executions in which something goes wrong; returns what was cancelled, and for how many milliseconds it was let go. */
async function playFault(fault: 'lookup' | 'advance' | 'later advance' | 'taken over') {
  const cancelled: string[] = [];
  const released: number[] = [];
  const job = {
    id: 'job',
    tenant: 'acme',
    verb: 'cancel',
    reason: '',
    principal: operator,
    status: 'running',
    done: 0,
  };
  const state = { ...job, targets: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], leased: new Date(0) };
  let leases = 0;
  // As the store does it: no two leases end at the same time.
  const leaseAgain = () => {
    leases += 1;
    state.leased = new Date(leases);
    return { ...state };
  };
  const isHeld = ({ done, leased }: HeldJob) => done === state.done && leased?.getTime() === state.leased.getTime();
  const stop = new AbortController();
  let isFaulty = true;
  const once = (kind: typeof fault): boolean => {
    const meets = isFaulty && kind === fault;
    if (meets) isFaulty = false;
    return meets;
  };
  const jobs = {
    lease: async () => {
      if (state.status === 'running') return leaseAgain();
      stop.abort();
      return null;
    },
    advance: async (held: HeldJob, { done }: BulkProgress) => {
      if (once('advance') || (held.done > 0 && once('later advance'))) throw new Error('the database is away');
      if (once('taken over')) Object.assign(state, { done: 10, status: 'completed' });
      if (!isHeld(held)) return null;
      state.done += done;
      if (state.done >= state.targets.length) state.status = 'completed';
      return leaseAgain();
    },
    renew: async (held: HeldJob, until: Date) => {
      if (isHeld(held)) released.push(until.getTime());
    },
  };
  const services = {
    executions: { cancel: async (_: Principal, id: string) => cancelled.push(id) },
    principals: {
      asItStands: async () => {
        if (once('lookup')) throw new Error('the database is away');
        return operator;
      },
    },
  };
  const log = { warn: () => undefined, error: () => undefined };
  await createBulkService({ jobs, store: {}, ...services, clock: () => 0, log, timing: SOON } as never).run(
    stop.signal,
  );
  return [state.status, cancelled.length, released];
}

it.each<[Parameters<typeof playFault>[0], unknown[]]>([
  ['lookup', ['completed', 10, [SOON.interval]]],
  ['advance', ['completed', 18, [SOON.interval]]],
  ['later advance', ['completed', 12, [SOON.interval]]],
  ['taken over', ['completed', 8, []]],
])('a job goes on after a while, and only where nobody else has gone on with it: %s', async (fault, expected) => {
  expect(await playFault(fault)).toEqual(expected);
});

it('a batch that takes longer than its lease is not done twice: the lease is renewed until it is over', async () => {
  const state = {
    id: 'job',
    tenant: 'acme',
    verb: 'cancel',
    reason: '',
    principal: operator,
    status: 'running',
    done: 0,
  };
  const job = { ...state, targets: [1, 2], leased: new Date(0), errors: [] as object[] };
  const isHeld = ({ done, leased }: HeldJob) => done === job.done && leased?.getTime() === job.leased.getTime();
  const stop = new AbortController();
  let now = 0;
  let end = () => {};
  const isOver = new Promise<void>((resolve) => {
    end = resolve;
  });
  let renewals = 0;
  const jobs = {
    lease: async (from: Date, until: Date) => {
      if (job.status !== 'running') stop.abort();
      // Free once its lease has ended, as the store has it.
      if (job.status !== 'running' || job.leased > from) return null;
      job.leased = until;
      return { ...job };
    },
    renew: async (held: HeldJob, until: Date) => {
      renewals += 1;
      if (renewals === 2) throw new Error('the database is away');
      if (!isHeld(held)) return false;
      job.leased = until;
      // Time passes only here; by the fifth renewal the first lease has ended long ago.
      now += 15;
      expect(await jobs.lease(new Date(now), new Date(now + 40))).toBeNull();
      if (renewals === 5) end();
      return true;
    },
    advance: async (held: HeldJob, { done }: BulkProgress) => {
      if (!isHeld(held)) return null;
      job.done += done;
      job.status = 'completed';
      return { ...job };
    },
  };
  const cancelled: string[] = [];
  const cancel = async (_: Principal, id: string) => {
    cancelled.push(id);
    await isOver;
  };
  const services = { executions: { cancel }, principals: { asItStands: async () => operator } };
  const log = { warn: () => undefined, error: () => undefined };
  await createBulkService({
    jobs,
    store: {},
    ...services,
    clock: () => now,
    log,
    timing: { lease: 40, interval: 1 },
  } as never).run(stop.signal);
  expect([job.done, cancelled, now]).toEqual([2, ['1024', '2048'], 60]);
});

/**
 * Runs a job of ten executions, the last of which had closed (or never was) before, that meets a fault once: the answer of the third execution is lost
 * after it was changed, or the results of the first batch are. Returns how many succeeded, and the errors.
 */
async function playTwice(verb: BulkVerb, lost: 'answer' | 'record') {
  const created = new Date('2026-11-29T12:00:00Z');
  const runs = new Map(
    Array.from({ length: 10 }, (_, at) => [at + 1, { paused: verb === 'resume', closed: null as Date | null }]),
  );
  runs.get(10)!.closed = new Date(created.getTime() - 1);
  const deleted = new Set<number>();
  const job = { id: 'job', tenant: 'acme', verb, reason: '', principal: admin, created, status: 'running', done: 0 };
  const state = { ...job, targets: [...runs.keys()], succeeded: 0, errors: [] as BulkError[] };
  const stop = new AbortController();
  let isLost = false;
  const loses = (what: typeof lost): boolean => {
    if (isLost || what !== lost) return false;
    isLost = true;
    return true;
  };
  const jobs = {
    lease: async () => {
      if (state.status === 'running') return { ...state };
      stop.abort();
      return null;
    },
    advance: async (
      _held: HeldJob,
      { done, succeeded, errors }: BulkProgress,
      _until: Date | null,
      _most: number,
      targets = state.targets,
    ) => {
      if (loses('record')) throw new Error('the database is away');
      state.targets = targets;
      state.done += done;
      state.succeeded += succeeded;
      state.errors.push(...errors);
      if (state.done >= state.targets.length) state.status = 'completed';
      return { ...state };
    },
    renew: async () => true,
  };
  const openRun = (id: string) => {
    const run = runs.get(Number(id) / 1024)!;
    if (run.closed !== null) throw new AppError('execution_closed', 'has already ended');
    return run;
  };
  const changed = (id: string) => {
    if (Number(id) / 1024 === 3 && loses('answer')) throw new AppError('busy', 'too much at a time');
  };
  const close = async (_: Principal, id: string) => {
    openRun(id).closed = created;
    changed(id);
  };
  const control = async (_: Principal, id: string, { what }: { what: 'pause' | 'resume' }) => {
    const run = openRun(id);
    if (run.paused === (what === 'pause')) {
      throw new AppError(run.paused ? 'execution_paused' : 'execution_not_paused', `not ${what}d`);
    }
    run.paused = what === 'pause';
    changed(id);
  };
  const deleteExecution = async (_: Principal, id: string) => {
    const n = Number(id) / 1024;
    if (n === 10 || deleted.has(n)) throw new AppError('execution_not_found', 'not found');
    deleted.add(n);
    changed(id);
  };
  const services = {
    store: {
      find: async (n: number) => runs.get(n) ?? null,
      wasDeleted: async (tenant: string, n: number) => tenant === 'acme' && deleted.has(n),
    },
    executions: { cancel: close, terminate: close },
    controls: { control },
    deletions: { deleteExecution },
    principals: { asItStands: async () => admin },
  };
  const log = { warn: () => undefined, error: () => undefined };
  await createBulkService({ jobs, ...services, clock: () => 0, log, timing: SOON } as never).run(stop.signal);
  return [state.succeeded, state.errors];
}

it.each(
  (['pause', 'resume', 'cancel', 'terminate', 'delete'] as const).flatMap((verb) =>
    (['answer', 'record'] as const).map((lost) => [verb, lost] as const),
  ),
)('a job does not fail for what it has done itself: %s, after an %s was lost', async (verb, lost) => {
  const error = verb === 'delete' ? 'not found' : 'has already ended';
  expect(await playTwice(verb, lost)).toEqual([9, [{ id: 10_240, error }]]);
});
