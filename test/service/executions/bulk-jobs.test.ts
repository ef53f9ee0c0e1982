import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import type { BulkVerb } from '../../../model/bulk.ts';
import type { Principal } from '../../../model/principal.ts';
import { createBulkService } from '../../../service/executions/bulk-jobs.ts';
import type { BulkProgress } from '../../../store/executions/bulk-jobs.ts';

const operator = {
  id: 'p1',
  tenant: 'acme',
  subject: 'olga',
  roles: ['operator'],
  permissions: [],
} as unknown as Principal;
const admin: Principal = { ...operator, roles: ['admin'] };
const viewer: Principal = { ...operator, roles: ['viewer'] };

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
    advance: async (_: string, { done, errors }: BulkProgress) => {
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
  [
    'by whoever is disabled before it begins',
    'cancel',
    [null],
    'aborted',
    0,
    '"olga", who began this job, is disabled',
  ],
  [
    'by whoever is disabled meanwhile',
    'retry',
    [operator, null],
    'aborted',
    32,
    '"olga", who began this job, is disabled',
  ],
  [
    ...([
      'by whoever may only look now',
      'terminate',
      [operator, viewer] as (Principal | null)[],
      'aborted',
      32,
    ] as const),
    '"olga", who began this job, does not have the permission execution:execute any more',
  ],
  [
    ...([
      'by an admin who is an operator now',
      'delete',
      [admin, operator] as (Principal | null)[],
      'aborted',
      32,
    ] as const),
    '"olga", who began this job, does not have the permission execution:admin any more',
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
  ['retry', viewer, 'forbidden'],
  ['delete', operator, 'forbidden'],
  ['delete', admin, null],
])('%s is begun by whoever may, not by others', async (verb, principal, refused) => {
  const jobs = { create: async () => undefined };
  const services = { executions: { numberOf: async () => 1 } };
  const service = createBulkService({
    jobs,
    store: {},
    ...services,
    clock: Date.now,
    log: {},
  } as never);
  const begun = service.begin(principal, verb, { ids: ['1024'] }, '').then(
    () => null,
    (error: unknown) => (error instanceof AppError ? error.code : error),
  );
  expect(await begun).toBe(refused);
});
