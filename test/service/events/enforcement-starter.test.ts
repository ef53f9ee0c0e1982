import { pino } from 'pino';
import { expect, it } from 'vitest';
import { compileRule } from '../../../language/rules/compiler.ts';
import { AppError } from '../../../model/app-error.ts';
import { DatabaseError } from '../../../model/database-error.ts';
import type { Principal } from '../../../model/principal.ts';
import type { People } from '../../../service/access/people.ts';
import { createBell } from '../../../service/background/bell.ts';
import {
  createEnforcementStarter,
  type EnforcementStarterDependencies,
} from '../../../service/events/enforcement-starter.ts';
import type { Rushes } from '../../../service/events/restraints/rushes.ts';
import type { RuleOfMatch } from '../../../service/events/rule-book.ts';
import type { StarterFinder } from '../../../service/rules/starters.ts';
import { workOwner } from '../../../service/starts/work-owner.ts';
import type { EnforcementRow, EnforcementSettlement } from '../../../store/events/enforcements.ts';
import { sampleContent } from '../../language/rules/sample-rules.ts';
import { NO_RUSHES } from './no-rushes.ts';

const compiled = compileRule({ ref: 'p.r', revision: 1 }, sampleContent({}));
const RULE = { enabled: true, owner: 1, ownerSubject: 'ann', writers: ['ann'], compiled } as RuleOfMatch;

/** A starter of the enforcements of some tenants, and what it makes of them. */
function scene(
  tenants: Record<string, number>,
  changes: {
    start?: (tenant: string, principal: Principal) => Promise<{ n: number }>;
    lane?: number;
    findStarters?: StarterFinder;
    rushes?: Pick<Rushes, 'allow'>;
    rule?: RuleOfMatch | null;
    /** The owner of the rule as it stands now; absent: as when the rule was written. */
    standing?: People['asItStands'];
    run?: number;
    look?: () => Promise<never>;
    attempts?: number;
    refuseLease?: (tenant: string) => Error | null;
    /** Whether the starter settles it: nobody else has done so meanwhile. */
    settles?: boolean;
  },
) {
  const settled: [string, EnforcementSettlement][] = [];
  const leased: string[] = [];
  const waits: number[] = [];
  const asked: (string | null)[] = [];
  const dependencies = {
    store: {
      tenants: async (_now: Date, after: string | null) => {
        asked.push(after);
        return Object.keys(tenants);
      },
      lease: async (tenant: string, limit: number) => {
        const refusal = changes.refuseLease?.(tenant) ?? null;
        if (refusal !== null) throw refusal;
        const count = Math.min(limit, tenants[tenant]!);
        tenants[tenant]! -= count;
        leased.push(...Array(count).fill(tenant));
        return Array.from({ length: count }, () => {
          const { attempts = 0, lane = null } = changes;
          return { id: 1, tenant, attempts, lane, notBefore: null } as EnforcementRow;
        });
      },
      settle: async (row: { tenant: string }, settlement: EnforcementSettlement) => {
        settled.push([row.tenant, settlement]);
        return changes.settles ?? true;
      },
    },
    events: { find: async () => ({ received: new Date(0) }) },
    rushes: changes.rushes ?? NO_RUSHES,
    findStarters: changes.findStarters ?? (async () => ({ starters: [] })),
    rules: { find: async () => (changes.rule === undefined ? RULE : changes.rule) },
    counts: { count: async () => undefined },
    people: { asItStands: changes.standing ?? (async (owner: Principal) => owner) },
    executions: {
      start: (principal: Principal) => changes.start!(principal.tenant, principal),
      findCaused: changes.look ?? (async () => changes.run ?? null),
    },
    bell: createBell(),
    onStarted: (milliseconds: number) => waits.push(milliseconds),
    clock: () => 0,
    log: pino({ level: 'silent' }),
  } as unknown as EnforcementStarterDependencies;
  const starter = createEnforcementStarter(dependencies);
  return { starter, settled, leased, waits, asked };
}

const never = () => new Promise<never>(() => undefined);

it('one tenant has no more than 12 starts in progress, so that others have room', async () => {
  const { starter, leased } = scene({ a: 100 }, { start: never });
  for (let round = 0; round < 4; round += 1) await starter.tick();
  expect(leased).toEqual(Array(12).fill('a'));
});

it('starts a part of what waits of a tenant that has a rush, and gives the places to others', async () => {
  const allowed = [1, 0, 0, Number.POSITIVE_INFINITY];
  const allowance = (tenant: string) => (tenant === 'a' ? allowed.shift()! : Number.POSITIVE_INFINITY);
  const { starter, leased } = scene({ a: 100, b: 3 }, { start: never, rushes: { allow: () => allowance } });
  await starter.tick();
  expect(leased).toEqual(['a', 'b', 'b', 'b']);
  for (let round = 0; round < 2; round += 1) await starter.tick();
  expect(leased).toHaveLength(4);
  await starter.tick();
  expect(leased.slice(4)).toEqual(Array(6).fill('a'));
});

it('requests of a tenant do not queue for connections behind what its rules start', async () => {
  const owners: string[] = [];
  const start = () => {
    owners.push(workOwner());
    return never();
  };
  await scene({ a: 1, b: 1 }, { start }).starter.tick();
  await expect.poll(() => owners).toEqual(['rules a', 'rules b']);
});

it('leases for other tenants where a statement of one takes too long, and for none where the database is away', async () => {
  let error: Error = new DatabaseError('enforcements.lease', '57014');
  const refuseLease = (tenant: string) => (tenant === 'a' ? error : null);
  const { starter, leased } = scene({ a: 1, b: 1 }, { start: never, refuseLease });
  await starter.tick();
  expect(leased).toEqual(['b']);
  error = new DatabaseError('enforcements.lease', 'ECONNREFUSED');
  const away = scene({ a: 1, b: 1 }, { start: never, refuseLease });
  await expect(away.starter.tick()).rejects.toBe(error);
  expect(away.leased).toEqual([]);
});

it.each([
  ['a rule without a throttle and an order', {}, [0]],
  ['a rule with one, whose starts wait on purpose', { lane: 1 }, []],
  ['a start that another process has taken over, and noted', { settles: false }, []],
])('how long a start took is said of %s', async (_, changes, expected) => {
  const { starter, settled, waits } = scene({ a: 1 }, { ...changes, start: async () => ({ n: 7 }) });
  await starter.tick();
  await expect.poll(() => settled).toEqual([['a', { status: 'started', execution: 7 }]]);
  await new Promise(setImmediate);
  expect(waits).toEqual(expected);
});

it.each([
  ['the rule is gone', { rule: null }, 'suppressed'],
  ['the rule is disabled', { rule: { ...RULE, enabled: false } }, 'suppressed'],
  ['the workflow is disabled', { start: () => Promise.reject(new AppError('workflow_disabled', 'x')) }, 'failed'],
  ['the start has failed too often', { start: () => Promise.reject(new Error('x')), attempts: 9 }, 'failed'],
])('an enforcement whose run exists has started, though %s', async (_, changes, otherwise) => {
  const without = scene({ a: 1 }, changes);
  await without.starter.tick();
  await expect.poll(() => without.settled.map(([, { status }]) => status)).toEqual([otherwise]);
  const withRun = scene({ a: 1 }, { ...changes, run: 7 });
  await withRun.starter.tick();
  await expect.poll(() => withRun.settled).toEqual([['a', { status: 'started', execution: 7 }]]);
});

it.each([
  ['Temporal is away', new AppError('temporal_unavailable', 'x'), true, 0],
  ['a statement of a tenant takes too long', new DatabaseError('rules.find', '57014'), false, 1],
  ['a tenant has too much to do', new AppError('busy', 'x'), false, 0],
])('where %s, the starts pause for all, or that one is tried again later', async (_, error, isShared, attempts) => {
  const { starter, settled } = scene({ a: 1 }, { start: () => Promise.reject(error) });
  await starter.tick();
  const notBefore = isShared ? null : new Date(1_000);
  await expect.poll(() => settled).toEqual([['a', { status: 'pending', attempts, notBefore }]]);
  if (isShared) await expect(starter.tick()).rejects.toBe(error);
  else await starter.tick();
});

it('nothing is started for a run whose starters are refused, and that is not tried again', async () => {
  const error = { code: 'not_authentic', message: 'x' } as const;
  let starts = 0;
  const start = () => {
    starts += 1;
    return never();
  };
  const { starter, settled } = scene({ a: 1 }, { start, findStarters: async () => ({ error }) });
  await starter.tick();
  await expect.poll(() => settled).toEqual([['a', { status: 'failed', reason: error }]]);
  expect(starts).toBe(0);
});

const LACKS = 'ann, who last changed the rule, does not have the permission "execution:execute"';

it.each([
  ['is disabled', null, 'ann, who last changed the rule, is disabled'],
  ['has nothing any more', { roles: [], permissions: [] }, LACKS],
  ['may only write rules', { roles: [], permissions: ['workflow:write', 'action:execute'] as const }, LACKS],
])('nothing is started for a rule whose owner %s', async (_, grants, message) => {
  let starts = 0;
  const start = async () => {
    starts += 1;
    return { n: 7 };
  };
  const standing = async (owner: Principal) => grants && { ...owner, roles: [], permissions: [...grants.permissions] };
  const { starter, settled } = scene({ a: 1 }, { start, standing });
  await starter.tick();
  const reason = { code: 'permission_missing', message };
  await expect.poll(() => settled).toEqual([['a', { status: 'failed', reason }]]);
  expect(starts).toBe(0);
});

it('starts with the present permissions of the owner of the rule, which one look-up of those at the same time finds', async () => {
  const started: Principal[] = [];
  let looks = 0;
  const standing = async (owner: Principal): Promise<Principal> => {
    looks += 1;
    await new Promise(setImmediate);
    return { ...owner, roles: ['operator'], permissions: [] };
  };
  const start = async (_: string, principal: Principal) => ({ n: started.push(principal) });
  const { starter } = scene({ a: 12 }, { start, standing });
  await starter.tick();
  await expect.poll(() => started.length).toBe(12);
  const owner = { id: 1, tenant: 'a', subject: 'ann', roles: ['operator'], permissions: [] };
  for (const principal of started) expect(principal).toMatchObject(owner);
  expect(looks).toBeLessThan(12);
});

it.each([
  [0, 1_000],
  [2, 4_000],
  [40, 512_000],
])(
  'an enforcement that cannot be settled after %i attempts is tried again after %i milliseconds',
  async (attempts, pause) => {
    const look = () => Promise.reject(new Error('x'));
    const { starter, settled } = scene({ a: 1 }, { rule: null, look, attempts });
    await starter.tick();
    const again = { status: 'pending', attempts: attempts + 1, notBefore: new Date(pause) };
    await expect.poll(() => settled).toEqual([['a', again]]);
  },
);

it('a round begins behind the last tenant that had its turn', async () => {
  const { starter, asked } = scene({ a: 20, b: 20, c: 0 }, { start: never });
  for (let round = 0; round < 4; round += 1) await starter.tick();
  expect(asked).toEqual([null, 'c', 'c', 'b']);
});

it('while Temporal is away, one round after another fails, until starts are made', async () => {
  const error = new AppError('temporal_unavailable', 'x');
  let isAway = true;
  const start = () => (isAway ? Promise.reject(error) : Promise.resolve({ n: 1 }));
  const { starter, settled } = scene({ a: 100 }, { start });
  await starter.tick();
  await expect.poll(() => settled.length).toBe(12);
  for (const _ of [1, 2, 3]) await expect(starter.tick()).rejects.toBe(error);
  isAway = false;
  await starter.tick();
  expect(settled.at(-1)).toEqual(['a', { status: 'started', execution: 1 }]);
});
