import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ClosingDetails } from '../../../model/failure.ts';
import type { RunKey } from '../../../model/run-key.ts';
import { STRIKE_DETAILS, STRIKE_REASON } from '../../../model/strike.ts';
import { readClosing } from '../../../projection/runs/closing.ts';
import { createBell } from '../../../service/background/bell.ts';
import { createStrikeKeeper } from '../../../service/index/run-strikes.ts';
import type { OpenDatabase } from '../../../store/database.ts';
import { createRunStrikeStore, type RunStrikeStore } from '../../../store/executions/run-strikes.ts';
import { runStrikes } from '../../../store/executions/tables.ts';
import { openPreparedPostgres } from '../../integration/support/prepared.ts';

let database: OpenDatabase;
let store: RunStrikeStore;
beforeAll(async () => {
  database = await openPreparedPostgres();
  store = createRunStrikeStore(database.db);
});
afterAll(() => database.close());
beforeEach(() => database.db.delete(runStrikes));

const run = (name: string): RunKey => ({ workflowId: `wf_${name}`, runId: `run_${name}` });
const noon = new Date('2026-11-28T12:00:00Z');
const later = (hours: number) => new Date(noon.getTime() + hours * 3_600_000);
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Strikes of runs, in order; gives the runs that a round of the keeper terminates. */
async function terminated(strikes: [name: string, at: Date, namespace?: string][]): Promise<string[]> {
  for (const [name, at, namespace = 'default'] of strikes) await store.add(namespace, run(name), at);
  const ended: string[] = [];
  const terminateRun = async ({ runId }: RunKey) => void ended.push(runId);
  const keeper = createStrikeKeeper({
    temporal: { namespace: 'default', terminateRun },
    store,
    bell: createBell(),
    log: silent,
    now: () => noon.getTime(),
  });
  await keeper.tick();
  await keeper.tick();
  return ended;
}

describe('a run is terminated, once,', () => {
  it.each<[string, [string, Date, string?][], string[]]>([
    ['not at its first strike', [['a', noon]], []],
    [
      'at its second',
      [
        ['a', noon],
        ['a', later(1)],
      ],
      ['run_a'],
    ],
    [
      'also after a third that came meanwhile',
      [
        ['a', noon],
        ['a', noon],
        ['a', noon],
      ],
      ['run_a'],
    ],
    [
      'not for strikes of others',
      [
        ['a', noon],
        ['b', noon],
      ],
      [],
    ],
    [
      'not for strikes in another namespace',
      [
        ['a', noon],
        ['a', noon, 'other'],
      ],
      [],
    ],
    [
      'not for a strike that is older than a day',
      [
        ['a', noon],
        ['a', later(25)],
      ],
      [],
    ],
    [
      'but for two within the last day',
      [
        ['a', noon],
        ['a', later(25)],
        ['a', later(26)],
      ],
      ['run_a'],
    ],
  ])('%s', async (_, strikes, expected) => {
    expect(await terminated(strikes)).toEqual(expected);
  });

  it('and again when it strikes again, as Temporal may not have taken the first', async () => {
    expect(
      await terminated([
        ['a', noon],
        ['a', noon],
      ]),
    ).toEqual(['run_a']);
    expect(await terminated([['a', later(1)]])).toEqual(['run_a']);
  });

  it('later, when Temporal does not respond now', async () => {
    await store.add('default', run('a'), noon);
    await store.add('default', run('a'), noon);
    const away = async () => {
      throw new Error('away');
    };
    const keeper = createStrikeKeeper({
      temporal: { namespace: 'default', terminateRun: away },
      store,
      bell: createBell(),
      log: silent,
      now: () => 0,
    });
    await expect(keeper.tick()).rejects.toThrow('away');
    expect(await terminated([])).toEqual(['run_a']);
  });
});

describe('a termination is read', () => {
  const details = (value: unknown) => ({ payloads: [defaultPayloadConverter.toPayload(value)!] });
  const foreign: ClosingDetails = { outcome: 'failed', failure: { type: 'x', message: 'y' } };

  it.each<[string, object, object]>([
    [
      'as the failure that it stands for, when it was made for strikes',
      { reason: STRIKE_REASON, details: details(STRIKE_DETAILS) },
      {
        status: 'failed',
        failure: { type: 'limit_exceeded', message: 'a step of this run has stopped a worker twice' },
      },
    ],
    [
      'as a termination, when somebody gave the same reason',
      { reason: STRIKE_REASON },
      { status: 'terminated', failure: { type: 'terminated', message: STRIKE_REASON } },
    ],
    [
      'as a termination, when somebody gave details',
      { reason: 'enough', details: details(foreign) },
      { status: 'terminated', failure: { type: 'terminated', message: 'enough' } },
    ],
    [
      'as a termination, when its details are no failure',
      { reason: STRIKE_REASON, details: details(['x']) },
      { status: 'terminated', failure: { type: 'terminated' } },
    ],
  ])('%s', (_, workflowExecutionTerminatedEventAttributes, expected) => {
    expect(readClosing({ workflowExecutionTerminatedEventAttributes }, true)).toMatchObject(expected);
  });
});
