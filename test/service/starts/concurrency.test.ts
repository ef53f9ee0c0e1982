import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createBell } from '../../../service/background/bell.ts';
import {
  concurrencyFor,
  createConcurrencyKeeper,
  decideSlots,
  findObstacles,
  type KnownRuns,
  openAmong,
} from '../../../service/starts/concurrency.ts';
import type { TurnRow } from '../../../store/executions/turns.ts';
import type { Temporal } from '../../../temporal/gateway.ts';

/** Runs of one key, in order: each as its state, and what is its own. */
function rows(...given: (Partial<TurnRow> & { state: 'has' | 'waits' })[]): TurnRow[] {
  return given.map(({ state, ...own }, index) => ({
    namespace: 'n',
    workflowId: String(index),
    tenant: 't',
    ref: 'a.b',
    key: 'k',
    limit: 1,
    policy: 'queue',
    granted: state === 'has' ? new Date() : null,
    refused: false,
    cancelled: false,
    told: false,
    stopped: false,
    created: new Date(index),
    ...own,
  }));
}

const SKIPS = { state: 'waits', policy: 'skip' } as const;
const NOW = Date.parse('2026-11-29T00:00:00Z');

/** Knowledge of some runs: all were there, and open. */
function allOf(given: readonly TurnRow[]): KnownRuns {
  const all = new Set(given.map(({ workflowId }) => workflowId));
  return { seen: all, open: all };
}

describe('who gets a turn', () => {
  it.each<[string, TurnRow[], { granted?: string[]; refused?: string[]; cancelled?: string[] }]>([
    ['the first of those that wait', rows({ state: 'waits' }, { state: 'waits' }), { granted: ['0'] }],
    ['nobody while another has it', rows({ state: 'has' }, { state: 'waits' }), {}],
    ['as many as may', rows({ state: 'has', limit: 2 }, { state: 'waits', limit: 2 }), { granted: ['1'] }],
    [
      'those of other keys, workflows and tenants by themselves',
      rows(
        { state: 'has' },
        { state: 'waits', key: 'l' },
        { state: 'waits', ref: 'a.c' },
        { state: 'waits', tenant: 'u' },
      ),
      { granted: ['1', '2', '3'] },
    ],
    [
      'not those that do not wait',
      rows({ state: 'has' }, { state: 'waits', policy: 'skip' }, { state: 'waits', policy: 'fail' }),
      { refused: ['1', '2'] },
    ],
    ['nobody twice', rows({ state: 'has' }, { state: 'waits', policy: 'skip', refused: true }), {}],
    [
      'the last that takes it from others, once they have gone',
      rows({ state: 'has' }, { state: 'waits' }, { state: 'waits', policy: 'cancel_previous' }),
      { cancelled: ['0', '1'] },
    ],
    ['it, when they have gone', rows({ state: 'waits', policy: 'cancel_previous' }), { granted: ['0'] }],
    [
      'not one that was asked to go',
      rows({ state: 'has', cancelled: true }, { state: 'waits', policy: 'cancel_previous' }),
      {},
    ],
    [
      'one that takes only as many turns as it needs',
      rows(
        { state: 'has', limit: 2 },
        { state: 'has', limit: 2 },
        { state: 'waits', limit: 2, policy: 'cancel_previous' },
      ),
      { cancelled: ['0'] },
    ],
  ])('is %s', (_, given, expected) => {
    expect(decideSlots(given, allOf(given))).toEqual({ granted: [], refused: [], cancelled: [], ...expected });
  });

  it.each<[string, TurnRow[], { seen?: string[]; open?: string[] }, string[]]>([
    ['all in its way are open', rows({ state: 'has' }, SKIPS), {}, ['1']],
    ['it was not there when the other was asked for', rows({ state: 'has' }, SKIPS), { seen: ['0'] }, []],
    ['the other was not asked for', rows({ state: 'has' }, SKIPS), { open: [] }, []],
    ['the one before it gets its turn only now, unasked', rows(SKIPS, SKIPS), { open: [] }, []],
    ['the one before it gets its turn now, and is open', rows(SKIPS, SKIPS), { open: ['0'] }, ['1']],
    [
      'one of two was not asked for',
      rows({ state: 'has', limit: 2 }, { state: 'has', limit: 2 }, { ...SKIPS, limit: 2 }),
      { open: ['0'] },
      [],
    ],
    ['another key has been asked for', rows({ state: 'has' }, { state: 'has', key: 'l' }, SKIPS), { open: ['1'] }, []],
  ])('gets none only where it is certain: %s', (_, given, known, refused) => {
    const { seen, open } = allOf(given);
    const sets = { seen: new Set(known.seen ?? seen), open: new Set(known.open ?? open) };
    expect(decideSlots(given, sets).refused).toEqual(refused);
  });

  it.each<[string, TurnRow[], [string, boolean][]]>([
    ['nobody is in the way of nobody', rows({ state: 'has' }), []],
    ['who has the turn is in the way of who waits', rows({ state: 'has' }, { state: 'waits' }), [['0', false]]],
    ['and of who does not wait', rows({ state: 'has' }, { state: 'waits' }, SKIPS), [['0', true]]],
    ['so is who gets it now', rows({ state: 'waits' }, SKIPS), [['0', true]]],
    ['nobody is asked for again whose rival has been refused', rows({ state: 'has' }, { ...SKIPS, refused: true }), []],
  ])('%s', (_, given, expected) => {
    const found = [...findObstacles(given)].map(([{ workflowId }, { refuses }]) => [workflowId, refuses]);
    expect(found).toEqual(expected);
  });

  it.each<[string, 'open' | 'closed' | 'none', number, boolean]>([
    ['that is open', 'open', 0, true],
    ['that has closed', 'closed', 0, false],
    ['that is about to be started', 'none', NOW - 1_000, true],
    ['that was never started', 'none', NOW - 120_000, false],
  ])('a run %s (%s, claimed at %i) keeps its turn: %s', async (_, state, created, keeps) => {
    const left: string[] = [];
    const describe = async () => (state === 'none' ? null : { info: { status: state === 'open' ? 1 : 2 } });
    const store = { leave: async (_namespace: string, id: string) => void left.push(id) };
    const temporal = { namespace: 'n', describe: describe as unknown as Temporal['describe'] };
    const open = await openAmong(temporal, store, [{ workflowId: 'a', created: new Date(created) }], NOW);
    expect([[...open], left]).toEqual(keeps ? [['a'], []] : [[], ['a']]);
  });
});

describe('the loop that gives slots', () => {
  /** A loop over one run that Temporal starts, or closes, only after a round. */
  function loopOver(row: TurnRow, run: { state: 'starting' | 'open' | 'closed' }) {
    const done: string[] = [];
    const logged: string[] = [];
    const log = pino({}, { write: (line: string) => void logged.push(line) });
    const attempt = (what: string) => async () => {
      if (run.state === 'open') done.push(what);
      return run.state === 'open';
    };
    const statuses = { starting: null, open: { info: { status: 1 } }, closed: { info: { status: 2 } } };
    const temporal = {
      namespace: 'n',
      describe: (async () => statuses[run.state]) as unknown as Temporal['describe'],
      signal: attempt('told'),
      cancel: attempt('stopped'),
    };
    let left = false;
    const store = {
      standing: async () => [row],
      settle: async () => (left || done.includes('noted') ? [] : [row]),
      noteSuccessors: async () => void (await attempt('successors')()),
      note: async () => void done.push('noted'),
      leave: async () => {
        left = true;
        done.push('left');
      },
    };
    return {
      keeper: createConcurrencyKeeper({ temporal, store, bell: createBell(), log, clock: () => NOW }),
      done,
      logged,
    };
  }

  const created = new Date(NOW - 1_000);
  const [granted] = rows({ state: 'has', created });
  const [refused] = rows({ state: 'waits', policy: 'skip', refused: true, created });
  const [cancelled] = rows({ state: 'waits', cancelled: true, created });

  it.each<[string, TurnRow, string[]]>([
    ['has got one', granted!, ['told']],
    ['gets none', refused!, ['told']],
    // Whoever has it make room is known before it ends.
    ['must make room', cancelled!, ['successors', 'stopped']],
  ])('reaches a run that %s before Temporal has started it', async (_, row, what) => {
    const run: { state: 'starting' | 'open' } = { state: 'starting' };
    const { keeper, done, logged } = loopOver(row, run);
    await keeper.tick();
    await keeper.tick();
    expect(done).toEqual([]);
    run.state = 'open';
    await keeper.tick();
    await keeper.tick();
    expect(done).toEqual([...what, 'noted']);
    // It is the usual course of a start, and no fault.
    expect(logged).toEqual([]);
  });

  it.each([
    ['has got one', granted!],
    ['gets none', refused!],
    ['must make room', cancelled!],
  ])('frees the slot of a run that %s and has closed', async (_, row) => {
    const { keeper, done } = loopOver(row, { state: 'closed' });
    await keeper.tick();
    await keeper.tick();
    expect(done).toEqual(['left']);
  });
});

it.each([
  ['{{ parameters.a }}', true],
  ['{{ range(0, 60000) | sort | length }}', false],
])('the key %s may be found out when a run is started: %s', (key, allowed) => {
  const definition = { concurrency_key: { key }, tasks: [{ name: 'a', action: 'core.noop' }] };
  const find = () => concurrencyFor({ definition, ref: 'a.b', version: '1.0.0' }, { a: 'b' }, 'parameters');
  if (allowed) expect(find()).toMatchObject({ key: 'b' });
  else expect(find).toThrow(expect.objectContaining({ code: 'input_invalid' }));
});
