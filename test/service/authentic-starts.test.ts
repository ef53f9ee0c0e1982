import proto from '@temporalio/proto';
import { expect, it } from 'vitest';
import { startContent } from '../../interpreter/signatures.ts';
import { workflowIdOf } from '../../model/execution-id.ts';
import type { Json } from '../../model/json.ts';
import type { RunInput, RunMemo } from '../../model/run-input.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import { createRunGuard, type WarrantTrust } from '../../service/authentic-starts.ts';
import { act, runInput, STARTED } from '../interpreter/rehearse.ts';
import { FOREIGN_KEY, KEY, SIGNED, signer } from '../interpreter/signed.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const TRUST: WarrantTrust = { keys: [KEY], unsignedUntil: STARTED - 1_000_000 };
const RUN: RunInput = { ...runInput({ tasks: [act('a')] }, 7), ...SIGNED, tenant: TENANT, starters: ['ann'] };
const { trust: _, ...UNTRUSTED } = RUN;
const PARAMETERS = { amount: 10 };

const payloadOf = (value: unknown) => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(value)),
});
const memoFor = (run: RunInput): RunMemo => ({
  ...{ n: run.n, tenant: TENANT, ref: run.ref, revision: 1, definition_id: null, executor: 0, owner: 'ann' },
  ...{ enforcement: null, parent: null, tags: [], actions: [] },
});
const warranted = (run: RunInput, input: Json = PARAMETERS) =>
  signer.withWarrant({ input: input as never, run, memo: memoFor(run) }, STARTED);

interface Start {
  run: RunInput;
  input?: Json;
  memo?: RunMemo;
  at?: number;
  parent?: string;
  root?: string;
  continued?: string;
  first?: string;
}

/** The first event of a run. */
function started({ run, input = PARAMETERS, memo, at = STARTED, parent, root, continued, first }: Start): HistoryEvent {
  const execution = (runId: string | undefined) =>
    runId === undefined ? {} : { workflowId: workflowIdOf(Number(runId.split('/')[0])), runId };
  return proto.temporal.api.history.v1.HistoryEvent.fromObject({
    eventTime: { seconds: Math.floor(at / 1000) },
    workflowExecutionStartedEventAttributes: {
      input: { payloads: [payloadOf(input), payloadOf(run)] },
      ...(memo === undefined ? {} : { memo: { fields: { fermata: payloadOf(memo) } } }),
      ...(parent === undefined ? {} : { parentWorkflowExecution: execution(parent) }),
      ...(root === undefined ? {} : { rootWorkflowExecution: execution(root) }),
      ...(continued === undefined
        ? {}
        : { continuedExecutionRunId: continued, firstExecutionRunId: first ?? continued }),
    },
  });
}

/** Whether a run, `7` unless it is said otherwise, is authentic, among runs by their id. */
function check(runs: Record<string, Start>, { trust = TRUST, tenant = TENANT, runId = '7' } = {}): Promise<boolean> {
  const guard = createRunGuard({
    trust: async () => trust,
    firstEvent: async (run) => (runs[run.runId] === undefined ? null : started(runs[run.runId]!)),
  });
  return guard({ workflowId: workflowIdOf(Number(runId.split('/')[0])), runId }, tenant);
}

const carried = (content?: string) => ({ middle: { started: STARTED, ...(content && { content }) } }) as never;
const CONTENT = startContent(PARAMETERS, RUN as unknown as Json);
const BELOW: RunInput = { ...RUN, n: 8, depth: 1 };
const schedule: RunInput = { ...RUN, schedule: 'nightly' };

it.each<[string, boolean, Parameters<typeof check>]>([
  ['started by the API', true, [{ 7: { run: RUN, memo: warranted(RUN) } }]],
  ['started by a schedule', true, [{ 7: { run: schedule, memo: warranted(schedule) } }]],
  ['without a memo', false, [{ 7: { run: RUN } }]],
  ['without a warrant', false, [{ 7: { run: RUN, memo: memoFor(RUN) } }]],
  [
    'with a changed definition',
    false,
    [{ 7: { run: { ...RUN, definition: { tasks: [act('b')] } }, memo: warranted(RUN) } }],
  ],
  ['with other parameters', false, [{ 7: { run: RUN, input: { amount: 99 }, memo: warranted(RUN) } }]],
  ['with the warrant of another run', false, [{ 7: { run: RUN, memo: warranted({ ...RUN, n: 8 }) } }]],
  ['with the warrant of a schedule', false, [{ 7: { run: RUN, memo: warranted(schedule) } }]],
  [
    'with carried state that nobody signed',
    false,
    [{ 7: { run: { ...RUN, carried: carried() }, memo: warranted(RUN) } }],
  ],
  [
    'with what it says its chain was started with',
    false,
    [{ 7: { run: { ...RUN, carried: carried(CONTENT) }, memo: warranted(RUN) } }],
  ],
  ['of another tenant', false, [{ 7: { run: RUN, memo: warranted(RUN) } }, { tenant: OTHER }]],
  ['that is not there', false, [{}]],
  ['that trusts nobody', false, [{ 7: { run: UNTRUSTED as RunInput, memo: memoFor(RUN) } }]],
  [
    'signed by a key that nobody knows',
    false,
    [{ 7: { run: RUN, memo: warranted(RUN) } }, { trust: { ...TRUST, keys: [FOREIGN_KEY] } }],
  ],
  [
    'signed after its key was revoked',
    false,
    [
      { 7: { run: RUN, memo: warranted(RUN) } },
      { trust: { ...TRUST, keys: [{ ...KEY, revoked_at: new Date(STARTED).toISOString() }] } },
    ],
  ],
  [
    'signed before its key was revoked',
    true,
    [
      { 7: { run: RUN, memo: warranted(RUN) } },
      { trust: { ...TRUST, keys: [{ ...KEY, revoked_at: new Date(STARTED + 1).toISOString() }] } },
    ],
  ],
  [
    'of an older interpreter, from before there was a key',
    true,
    [{ 7: { run: { ...RUN, interpreter: 8 }, at: TRUST.unsignedUntil! - 1_000 } }],
  ],
  [
    'of an older interpreter, where there was never any',
    false,
    [{ 7: { run: { ...RUN, interpreter: 8 }, at: 0 } }, { trust: { ...TRUST, unsignedUntil: null } }],
  ],
  ['that says that it is of an older interpreter', false, [{ 7: { run: { ...RUN, interpreter: 8 }, at: STARTED } }]],
  [
    'that says that it is of an older interpreter and began before',
    false,
    [{ 7: { run: { ...RUN, interpreter: 8, carried: { middle: { started: 0 } } as never }, at: STARTED } }],
  ],
  [
    'of an older interpreter that has continued',
    true,
    [
      {
        7: {
          run: { ...RUN, interpreter: 8, carried: { middle: { started: 0 } } as never },
          at: STARTED,
          continued: '7/0',
        },
      },
    ],
  ],
  [
    'continued, with what the chain was started with',
    true,
    [{ 7: { run: { ...RUN, carried: carried(CONTENT) }, memo: warranted(RUN), continued: '7/0' } }],
  ],
  [
    'continued from what nobody signed',
    false,
    [{ 7: { run: { ...RUN, carried: carried('00') }, memo: warranted(RUN), continued: '7/0' } }],
  ],
  [
    'continued, of a chain whose first run is there',
    true,
    [
      {
        7: {
          run: { ...RUN, trust: { keys: {} }, carried: carried() },
          memo: warranted(RUN),
          continued: '7/1',
          first: '7/0',
        },
        '7/0': { run: RUN, memo: warranted(RUN) },
      },
    ],
  ],
  [
    'continued, of a chain whose first run was forged',
    false,
    [
      {
        7: { run: { ...RUN, carried: carried() }, memo: warranted(RUN), continued: '7/0' },
        '7/0': { run: { ...RUN, starters: ['eve'] }, memo: warranted(RUN) },
      },
    ],
  ],
  [
    'continued, of a chain whose first run is gone',
    true,
    [{ 7: { run: { ...RUN, carried: carried() }, memo: warranted(RUN), continued: '7/0' } }],
  ],
  [
    'continued, of another chain whose first run is gone',
    false,
    [{ 7: { run: { ...RUN, starters: ['eve'], carried: carried() }, memo: warranted(RUN), continued: '7/0' } }],
  ],
  [
    'below one that the API has started',
    true,
    [
      { 7: { run: RUN, memo: warranted(RUN) }, 8: { run: BELOW, memo: memoFor(BELOW), parent: '7', root: '7' } },
      { runId: '8' },
    ],
  ],
  [
    'below one, on a server that names no root',
    true,
    [
      { 7: { run: RUN, memo: warranted(RUN) }, 8: { run: BELOW, parent: '7' }, 9: { run: BELOW, parent: '8' } },
      { runId: '9' },
    ],
  ],
  [
    'below one that nobody signed',
    false,
    [{ 7: { run: RUN }, 8: { run: BELOW, memo: warranted(BELOW), parent: '7', root: '7' } }, { runId: '8' }],
  ],
  [
    'that only says that it is below another one',
    false,
    [{ 7: { run: RUN, memo: warranted(RUN) }, 8: { run: BELOW, memo: memoFor(BELOW) } }, { runId: '8' }],
  ],
])('a run %s: authentic %s', async (_, authentic, args) => {
  expect(await check(...args)).toBe(authentic);
});

it('Temporal is asked once about each run, and again where it did not answer', async () => {
  let asked = 0;
  let answers = false;
  const guard = createRunGuard({
    trust: async () => TRUST,
    async firstEvent() {
      asked += 1;
      if (!answers) throw new Error('unavailable');
      return started({ run: RUN, memo: warranted(RUN) });
    },
  });
  const run = { workflowId: workflowIdOf(7), runId: '7' };
  await expect(guard(run, TENANT)).rejects.toThrow('unavailable');
  answers = true;
  expect([await guard(run, TENANT), await guard(run, TENANT), await guard(run, OTHER), asked]).toEqual([
    true,
    true,
    false,
    3,
  ]);
});
