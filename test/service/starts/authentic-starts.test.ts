import proto from '@temporalio/proto';
import { expect, it } from 'vitest';
import { startContent } from '../../../interpreter/signatures.ts';
import { workflowIdOf } from '../../../model/execution-id.ts';
import type { Json } from '../../../model/json.ts';
import { OWN_TASK_QUEUE, type RunInput, type RunMemo } from '../../../model/run-input.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { createRunGuard, type WarrantTrust } from '../../../service/starts/authentic-starts.ts';
import { act, runInput, STARTED } from '../../interpreter/rehearse.ts';
import { FOREIGN_KEY, KEY, SIGNED, signer } from '../../interpreter/signed.ts';

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
  n: run.n,
  tenant: TENANT,
  ref: run.ref,
  revision: 1,
  definition_id: null,
  executor: 0,
  owner: 'ann',
  enforcement: null,
  parent: null,
  tags: [],
  actions: [],
});
const warranted = (run: RunInput, input: Json = PARAMETERS) =>
  signer.withWarrant({ input: input as never, run, memo: memoFor(run) }, STARTED);

interface Start {
  run: RunInput;
  input?: Json;
  memo?: RunMemo;
  at?: number;
  parent?: string;
  continued?: string;
  first?: string;
  /** Temporal's attributes of the start. */
  attributes?: object;
}

const CRON = { cronSchedule: '* * * * *' };
const RETRY = { retryPolicy: { maximumAttempts: 2 } };
const ELSEWHERE = { taskQueue: { name: 'eve' } };
const BY_RETRY = { initiator: 2 };
const BY_CRON = { initiator: 3 };

/** The first event of a run. */
function started({
  run,
  input = PARAMETERS,
  memo,
  at = STARTED,
  parent,
  continued,
  first,
  ...more
}: Start): HistoryEvent {
  return proto.temporal.api.history.v1.HistoryEvent.fromObject({
    eventTime: { seconds: Math.floor(at / 1000) },
    workflowExecutionStartedEventAttributes: {
      input: { payloads: [payloadOf(input), payloadOf(run)] },
      ...(memo === undefined ? {} : { memo: { fields: { fermata: payloadOf(memo) } } }),
      ...(parent === undefined
        ? {}
        : { parentWorkflowExecution: { workflowId: workflowIdOf(Number(parent)), runId: parent } }),
      ...(continued === undefined
        ? {}
        : { continuedExecutionRunId: continued, firstExecutionRunId: first ?? continued, initiator: 1 }),
      taskQueue: { name: OWN_TASK_QUEUE },
      ...more.attributes,
    },
  });
}

/** Whether a run, `7` unless it is said otherwise, is authentic, among runs by their id. */
function check(
  runs: Record<string, Start>,
  { trust = TRUST, tenant = TENANT, runId = '7', workflowId = workflowIdOf(Number(runId)) } = {},
): Promise<boolean> {
  const guard = createRunGuard({
    trust: async () => trust,
    clock: () => STARTED,
    firstEvent: async (run) => (runs[run.runId] === undefined ? null : started(runs[run.runId]!)),
  });
  return guard({ workflowId, runId }, tenant);
}

const carried = (content?: string) => ({ middle: { started: STARTED, ...(content && { content }) } }) as never;
const CONTENT = startContent(PARAMETERS, RUN as unknown as Json);
const BELOW: RunInput = { ...RUN, n: 8, depth: 1 };
const schedule: RunInput = { ...RUN, schedule: 'nightly' };
const SCHEDULED = 'sch_0123456789ab_nightly-2026-11-28T17:00:00Z';
const FORGED: RunInput = { ...RUN, definition: { tasks: [act('b')] } };
const OLD: RunInput = { ...RUN, interpreter: 8 };
const BEFORE = TRUST.unsignedUntil! - 1_000;
const old = (began: number): RunInput => ({ ...OLD, carried: { middle: { started: began } } as never });

it.each<[string, boolean, Parameters<typeof check>]>([
  ['started by the API', true, [{ 7: { run: RUN, memo: warranted(RUN) } }]],
  ['started by a schedule', true, [{ 7: { run: schedule, memo: warranted(schedule) } }, { workflowId: SCHEDULED }]],
  ...[
    workflowIdOf(7),
    'nightly-2026-11-28T17:00:00Z',
    'sch_0123456789ab_nightly',
    'sch_0123456789ab_nightly2-2026-11-28T17:00:00Z',
    'sch_0123456789ab_other_nightly-2026-11-28T17:00:00Z',
    'sch_x_nightly-2026-11-28T17:00:00Z',
  ].map((workflowId): [string, boolean, Parameters<typeof check>] => [
    `started by a schedule, as ${workflowId}`,
    false,
    [{ 7: { run: schedule, memo: warranted(schedule) } }, { workflowId }],
  ]),
  [
    'under the workflow id of another one',
    false,
    [{ 7: { run: RUN, memo: warranted(RUN) } }, { workflowId: workflowIdOf(8) }],
  ],
  ['for another task queue', false, [{ 7: { run: RUN, memo: warranted(RUN), attributes: ELSEWHERE } }]],
  ['with a cron schedule', false, [{ 7: { run: RUN, memo: warranted(RUN), attributes: CRON } }]],
  ['with a retry policy', false, [{ 7: { run: RUN, memo: warranted(RUN), attributes: RETRY } }]],
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
  ['of an older interpreter, from before there was a key', true, [{ 7: { run: OLD, at: BEFORE } }]],
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
    'of an older interpreter that has continued, from before there was a key',
    true,
    [{ 7: { run: old(STARTED), continued: '7/0' }, '7/0': { run: OLD, at: BEFORE } }],
  ],
  [
    'of an older interpreter that has continued and says that it began before',
    false,
    [{ 7: { run: old(0), continued: '7/0' }, '7/0': { run: OLD, at: STARTED } }],
  ],
  [
    'of an older interpreter that has continued and whose first run is gone',
    true,
    [{ 7: { run: old(BEFORE), continued: '7/0' } }],
  ],
  [
    'of an older interpreter that has continued, began later, and whose first run is gone',
    false,
    [{ 7: { run: old(STARTED), continued: '7/0' } }],
  ],
  ...[
    { ...CRON, ...BY_CRON },
    { ...RETRY, ...BY_RETRY },
    BY_CRON,
    BY_RETRY,
    { initiator: 0 },
    CRON,
    RETRY,
    ELSEWHERE,
    { firstExecutionRunId: '' },
  ].flatMap((attributes): [string, boolean, Parameters<typeof check>][] => [
    [
      `of an older interpreter that says that it began before, continued with ${JSON.stringify(attributes)}`,
      false,
      [{ 7: { run: old(0), continued: '7/0', attributes } }],
    ],
    [
      `that says what its chain was started with, continued with ${JSON.stringify(attributes)}`,
      false,
      [{ 7: { run: { ...FORGED, carried: carried(CONTENT) }, memo: warranted(RUN), continued: '7/0', attributes } }],
    ],
  ]),
  ...(
    [
      ['is changed', { run: FORGED }],
      ['says what its chain was started with', { run: { ...FORGED, carried: carried(CONTENT) } }],
      ['has continued itself', { run: { ...RUN, carried: carried(CONTENT) }, continued: '7/1' }],
      ['has a cron schedule', { run: RUN, attributes: CRON }],
      ['has a retry policy', { run: RUN, attributes: RETRY }],
      ['was started for another task queue', { run: RUN, attributes: ELSEWHERE }],
    ] as [string, Start][]
  ).map(([what, first]): [string, boolean, Parameters<typeof check>] => [
    `that says what its chain was started with, where its first run ${what}`,
    false,
    [
      {
        7: { run: { ...FORGED, carried: carried(CONTENT) }, memo: warranted(RUN), continued: '7/0' },
        '7/0': { memo: warranted(RUN), ...first },
      },
    ],
  ]),
  [
    'continued without the state of a chain',
    false,
    [{ 7: { run: RUN, memo: warranted(RUN), continued: '7/0' }, '7/0': { run: RUN, memo: warranted(RUN) } }],
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
    'continued, of a chain of interpreter 9 that a schedule has started and whose first run is gone',
    true,
    [
      {
        7: {
          run: { ...schedule, interpreter: 9, trust: { keys: {} }, n: 99, carried: carried() },
          memo: warranted(schedule),
          continued: '7/0',
        },
      },
      { workflowId: SCHEDULED },
    ],
  ],
  [
    'continued, of another chain whose first run is gone',
    false,
    [{ 7: { run: { ...RUN, starters: ['eve'], carried: carried() }, memo: warranted(RUN), continued: '7/0' } }],
  ],
  [
    'continued, under the workflow id of another one',
    false,
    [{ 8: { run: { ...RUN, carried: carried(CONTENT) }, memo: warranted(RUN), continued: '8/0' } }, { runId: '8' }],
  ],
  [
    'below one that the API has started',
    true,
    [{ 7: { run: RUN, memo: warranted(RUN) }, 8: { run: BELOW, memo: memoFor(BELOW), parent: '7' } }, { runId: '8' }],
  ],
  [
    'below one that has continued',
    true,
    [
      {
        7: { run: { ...RUN, carried: carried(CONTENT) }, memo: warranted(RUN), continued: '7/0' },
        8: { run: { ...BELOW, carried: carried() }, parent: '7', continued: '8/0' },
      },
      { runId: '8' },
    ],
  ],
  [
    'two below one that the API has started',
    true,
    [
      { 7: { run: RUN, memo: warranted(RUN) }, 8: { run: BELOW, parent: '7' }, 9: { run: BELOW, parent: '8' } },
      { runId: '9' },
    ],
  ],
  ...(
    [
      ['for another task queue', ELSEWHERE],
      ['with a cron schedule', CRON],
    ] as const
  ).flatMap(([how, attributes]): [string, boolean, Parameters<typeof check>][] => [
    [
      `below one ${how}`,
      false,
      [{ 7: { run: RUN, memo: warranted(RUN), attributes }, 8: { run: BELOW, parent: '7' } }, { runId: '8' }],
    ],
    [
      `below one ${how}, below one that the API has started`,
      false,
      [
        {
          7: { run: RUN, memo: warranted(RUN) },
          8: { run: BELOW, parent: '7', attributes },
          9: { run: BELOW, parent: '8' },
        },
        { runId: '9' },
      ],
    ],
  ]),
  [
    'below one under the workflow id of another one',
    false,
    [{ 6: { run: RUN, memo: warranted(RUN) }, 8: { run: BELOW, parent: '6' } }, { runId: '8' }],
  ],
  [
    'below one, with carried state that nobody has passed on',
    false,
    [
      { 7: { run: RUN, memo: warranted(RUN) }, 8: { run: { ...BELOW, carried: carried() }, parent: '7' } },
      { runId: '8' },
    ],
  ],
  ['below one that is gone', false, [{ 8: { run: BELOW, memo: warranted(BELOW), parent: '7' } }, { runId: '8' }]],
  [
    'below one that nobody signed',
    false,
    [{ 7: { run: RUN }, 8: { run: BELOW, memo: warranted(BELOW), parent: '7' } }, { runId: '8' }],
  ],
  [
    'that only says that it is below another one',
    false,
    [{ 7: { run: RUN, memo: warranted(RUN) }, 8: { run: BELOW, memo: memoFor(BELOW) } }, { runId: '8' }],
  ],
])('a run %s: authentic %s', async (_, authentic, args) => {
  expect(await check(...args)).toBe(authentic);
});

it('Temporal is asked once about each run, and again where it did not respond', async () => {
  let asked = 0;
  let answers = false;
  const guard = createRunGuard({
    trust: async () => TRUST,
    clock: () => STARTED,
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

it('which keys count is asked once in five seconds, and again for a key that nobody knows or where nobody answered', async () => {
  let [asked, now] = [0, STARTED];
  let trusted: WarrantTrust | null = null;
  const guard = createRunGuard({
    async trust() {
      asked += 1;
      if (trusted === null) throw new Error('unavailable');
      return trusted;
    },
    clock: () => now,
    async firstEvent({ workflowId, runId }) {
      const run = { ...RUN, n: Number(runId) };
      return workflowId === workflowIdOf(run.n) ? started({ run, memo: warranted(run) }) : null;
    },
  });
  const ask = async (n: number) => [await guard({ workflowId: workflowIdOf(n), runId: String(n) }, TENANT), asked];
  await expect(ask(1)).rejects.toThrow('unavailable');
  trusted = TRUST;
  expect([await ask(1), await ask(2)]).toEqual([
    [true, 2],
    [true, 2],
  ]);
  now += 4_999;
  expect(await ask(3)).toEqual([true, 2]);
  now += 1;
  trusted = { ...TRUST, keys: [FOREIGN_KEY] };
  expect(await ask(4)).toEqual([false, 4]);
  trusted = TRUST;
  expect(await ask(5)).toEqual([true, 5]);
});
