import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import type { Definition } from '../../../model/definition.ts';
import type { LogEntry } from '../../../model/execution.ts';
import type { JobPool } from '../../../model/job-pool.ts';
import type { Json } from '../../../model/json.ts';
import type { Principal } from '../../../model/principal.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { buildLog } from '../../../projection/logs.ts';
import { projectExecution } from '../../../projection/project.ts';
import { createRunStream } from '../../../projection/stream.ts';
import { findSpecs } from '../../../service/actions/actions.ts';
import type { StreamJobs } from '../../../service/executions/live-events/jobs.ts';
import { createWatchService } from '../../../service/executions/live-events/service.ts';
import { maskExecution } from '../../../service/projections/masks.ts';
import { createStreamJobs } from '../../../threads/streams.ts';
import { madeHistories, madeRun } from '../../fixtures/made.ts';

const ID = 'fermata-1';

/** Threads of a pool, each of which runs the jobs of one call after another; `next` says which thread takes the next call, by its number. */
function threadsOf(next: (call: number, waits: boolean) => number): Pick<JobPool<StreamJobs>, 'runInThread'> {
  const threads = [createStreamJobs(), createStreamJobs()];
  let calls = 0;
  return {
    runInThread: (_tenant, _key, work, { waits = false } = {}) => {
      const jobs = threads[next(calls, waits)]!;
      calls += 1;
      return work(async (name, input) => JSON.parse(JSON.stringify(jobs[name](input as never))));
    },
  };
}

/**
 * Returns what listeners of a run receive: each call listens once more, and knows of some values to hide. `onPage` is called before the page
 * of the history that begins behind so many events is read.
 */
function listenersOf(
  events: readonly HistoryEvent[],
  { pool = threadsOf(() => 0), page = events.length, onPage = (_at: number) => {} } = {},
) {
  const runId = runIdOf(events);
  let hidden: readonly Json[] = [];
  const watches = createWatchService({
    temporal: {
      async *follow() {
        for (let at = 0; at < events.length; at += page) {
          onPage(at);
          yield { runId, runs: [runId], events: events.slice(at, at + page) };
        }
      },
    },
    pool,
    retryAfter: 1,
    executions: { readUnmasked: async () => ({ n: 1, execution: { workflowId: ID }, retries: [], hidden }) as never },
    log: pino({ level: 'silent' }),
  });
  return async (values: readonly Json[] = []) => {
    hidden = values;
    const { entries } = await watches.watch({} as Principal, '1', { signal: new AbortController().signal });
    const received = [];
    for await (const entry of entries) received.push(entry);
    return received;
  };
}

const runIdOf = ([first]: readonly HistoryEvent[]) =>
  first!.workflowExecutionStartedEventAttributes!.originalExecutionRunId!;

const linesOf = (entries: Awaited<ReturnType<ReturnType<typeof listenersOf>>>): LogEntry[] =>
  entries.flatMap((entry) => (entry.type === 'log' ? [entry.entry] : []));

it('other requests have their turn while the entries of a run are sent', async () => {
  const items = 500;
  const each = { with_items: `{{ range(${items}) }}`, action: 'core.transform', input: { data: '{{ item }}' } };
  const [events] = madeHistories(madeRun({ tasks: [{ name: 'each', ...each }] }, {}), {});
  const listen = listenersOf(events!);
  // The first listener waits for the history; a second one finds all entries there, and only sends them.
  const first = listen();
  let turns = 0;
  const second = listen();
  let isSent = false;
  void second.then(() => (isSent = true));
  while (!isSent) {
    await nextTurn();
    turns += 1;
  }
  expect(await second).toEqual(await first);
  expect((await second).length).toBeGreaterThan(2 * items);
  expect(turns).toBeGreaterThan((await second).length / 100);
});

const CUT = 64 * 1024;
const SECRET = 'sesame of the mountain';
const says = (message: string, more: object = {}): Definition => ({
  tasks: [{ name: 'say', action: 'core.log', input: { message, ...more } }],
});
const fails = (message: string, more: object = {}): Definition => ({
  tasks: [{ name: 'stop', action: 'core.fail', input: { message, ...more } }],
});
const filled = (length: number) => `{{ 'x' * ${length} }}`;

// The value that a run hides, its definition, and the messages of the log between the start and the end.
it.each<[string, Json, Definition, string[]]>([
  [
    'before the cut',
    SECRET,
    says(`${filled(10)}{{ pin }}${filled(CUT)}`),
    [`${'x'.repeat(10)}***${'x'.repeat(CUT - 13)}`],
  ],
  ['across the cut', SECRET, says(`${filled(CUT - 9)}{{ pin }}!`), [`${'x'.repeat(CUT - 9)}***!`]],
  ['behind the cut', SECRET, says(`${filled(CUT)}{{ pin }}`), ['x'.repeat(CUT)]],
  ['twice, once across', SECRET, says(`{{ pin }}${filled(CUT - 7)}{{ pin }}`), [`***${'x'.repeat(CUT - 7)}***`]],
  ['of three characters', 'abc', says('{{ pin }}'), ['***']],
  ['of one character', '7', says('{{ pin }}'), ['***']],
  ['that is a number', 123456, says('{{ pin }}'), ['***']],
  ['in data', ['abc', SECRET], says('see', { data: { is: ['{{ pin[0] }}', 'a {{ pin[1] }}'] } }), ['see']],
  ['of two characters in a failure', 'ab', fails('{{ pin }}'), ['"stop" started', '"stop" ended as failed: ***']],
  [
    'of one character in the type',
    'a',
    fails('no', { type: '{{ pin }}' }),
    ['"stop" started', '"stop" ended as failed: no'],
  ],
  ['inside a failure', SECRET, fails('not {{ pin }}!'), ['"stop" started', '"stop" ended as failed: not ***!']],
  [
    'across the cut of a failure',
    SECRET,
    fails(`${filled(CUT - 9)}{{ pin }}`),
    ['"stop" started', `"stop" ended as failed: ${'x'.repeat(CUT - 9)}***`],
  ],
  [
    'that a template error quotes',
    'ab',
    fails('{{ pin | bool }}'),
    [
      '"stop" started',
      '"stop" ended as failed: /definition/tasks/0/input/message (line 1, column 10): \'***\' is neither true nor false',
    ],
  ],
  [
    'that a template error quotes and cuts',
    SECRET.repeat(3),
    fails("{{ ('is ' ~ pin) | bool }}"),
    [
      '"stop" started',
      '"stop" ended as failed: /definition/tasks/0/input/message (line 1, column 20): \'is ***\' is neither true nor false',
    ],
  ],
])(
  'a hidden value %s is not in the streamed log, which is the log of the run',
  async (_, secret, definition, messages) => {
    const run = madeRun(definition, { write_only: [['pin']] });
    const events = madeHistories(run, { pin: secret }).flat();
    const { execution, hidden } = maskExecution(projectExecution(ID, events));
    const listen = listenersOf(events);
    // A value that one listener knows to hide is hidden from the other one as well.
    const all = await Promise.all([listen(hidden), listen([])]);
    for (const entries of all) {
      const lines = linesOf(entries);
      expect(lines.slice(1, -1).map(({ message }) => message)).toEqual(messages);
      expect(lines).toEqual(buildLog(execution));
      const [failed] = entries.flatMap((entry) =>
        entry.type === 'task' && entry.task.error ? [entry.task.error] : [],
      );
      const [, message] = /ended as failed: (.*)/s.exec(messages.at(-1)!) ?? [];
      if (message !== undefined) expect(failed?.message).toBe(message.slice(0, 300));
      const isShown = (value: Json) => value !== '***' && JSON.stringify(entries).includes(`"${value}"`);
      expect([secret].flat().some(isShown)).toBe(false);
      expect(JSON.stringify(entries)).not.toContain('sesame');
    }
  },
);

it('what a sub-workflow hides that starts while somebody listens is hidden as well', async () => {
  const log = { action: 'core.log', input: { message: 'it is {{ shown }}' } };
  const tasks = [
    { name: 'call', action: 'sub.one', input: { password: '{{ shown }}' }, next: [{ do: ['say'] }] },
    { name: 'say', ...log },
  ];
  const definition: Definition = { tasks: [{ name: 'one', action: 'core.noop', input: {} }] };
  const embedded = { version: '1.0.0', revision: 1, hash: 'a', definition_id: 1, definition, actions: {} };
  const workflows = { 'sub.one': { ...embedded, write_only: [['password']] } };
  const actions = { ...findSpecs({ tasks: [tasks[1]!] }), 'sub.one': { workflow: true, timeout: 60 } };
  const run = madeRun({ tasks }, { workflows, actions } as never);
  const events = madeHistories(run, { shown: SECRET }).flat();
  const lines = linesOf(await listenersOf(events)());
  expect(lines.map(({ message }) => message)).toContain('it is ***');
  expect(lines).toEqual(buildLog(maskExecution(projectExecution(ID, events)).execution));
});

describe('a run that takes too much work on the event loop', () => {
  const items = 2_500;
  const data = { number: '{{ item }}', text: 'item {{ item }} of a few' };
  const each = { with_items: `{{ range(${items}) }}`, action: 'core.transform', input: { data } };
  const tasks = [
    { name: 'each', ...each, next: [{ do: ['last'] }] },
    { name: 'last', action: 'core.noop', input: {} },
  ];
  const events = madeHistories(madeRun({ tasks }, {}), {}).flat();
  const stream = createRunStream(ID);
  const ids = events.flatMap((event) =>
    stream.take(event).map(({ event: number, index }) => `${runIdOf(events)}/${number}.${index}`),
  );

  it.each<[string, number, (call: number, waits: boolean) => number]>([
    ['in its thread while another one is free', 2, (call, waits) => (waits || call > 9 ? 0 : call % 2)],
    ['in a thread that has not taken what came before', 3, (call) => (call === 1 ? 1 : 0)],
  ])('is streamed as a whole, once, %s', async (_, reads, next) => {
    let read = 0;
    const onPage = (at: number) => {
      if (at === 0) read += 1;
    };
    const entries = await listenersOf(events, { pool: threadsOf(next), page: 4, onPage })();
    expect(read).toBe(reads);
    expect(entries.map(({ id }) => id)).toEqual(ids);
    expect(linesOf(entries).filter(({ task }) => task?.startsWith('each['))).toHaveLength(2 * items);
  });

  it('is streamed without its tasks where a thread cannot do it either, and says so once', async () => {
    let calls = 0;
    const { runInThread } = threadsOf(() => 0);
    const pool: ReturnType<typeof threadsOf> = {
      runInThread: (...call) => {
        calls += 1;
        if (calls > 2) throw new AppError('work_exceeded', 'too much');
        return runInThread(...call);
      },
    };
    // The history breaks off at its end after that.
    let breaks = 1;
    const onPage = (at: number) => {
      if (calls < 3 || at + 4 < events.length || breaks === 0) return;
      breaks -= 1;
      throw new Error('broken');
    };
    const entries = await listenersOf(events, { pool, page: 4, onPage })();
    expect(breaks).toBe(0);
    const notices = entries.filter((entry) => entry.type === 'log' && entry.entry.message.includes('are omitted'));
    expect(notices).toHaveLength(1);
    expect(entries.indexOf(notices[0]!)).toBeGreaterThan(entries.findLastIndex(({ type }) => type === 'task'));
    const received = entries.map(({ id }) => id);
    expect(calls).toBe(3);
    expect(new Set(received).size).toBe(received.length);
    expect(entries.some(({ type }) => type === 'task')).toBe(true);
    expect(entries.filter(({ type }) => type === 'task').length).toBeLessThan(items);
    expect(entries.at(-1)).toMatchObject({ type: 'end', status: 'completed' });
  });
});
