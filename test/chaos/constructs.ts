import { setTimeout as wait } from 'node:timers/promises';
import type { Answer, Ask } from './ask.ts';
import type { Counter } from './counter.ts';

/** The requests with which a construct is played. */
export interface Player {
  ask: Ask;
  /** The key of somebody who may decide. */
  approver: string;
  counter: Counter;
}

/** A run under its name here, and the execution that shows how it ended. */
export interface Played {
  run: string;
  id: number;
}

/** One way of writing workflows, and what runs of it are done from outside. */
export interface Construct {
  name: string;
  definition: object;
  play?: (player: Player, started: Played) => Promise<void>;
  /** May end with what stands under `told` instead, when a worker was lost that did something which is done once at most. */
  told?: true;
  /** Runs share this section, one of them in it at a time. */
  section?: true;
}

type Fields = Record<string, unknown>;

const mine = (action: string, name: string, input: Fields, more: Fields): object => ({
  name,
  action,
  input: { run: '{{ run }}', ...input },
  ...more,
});
const count = (name: string, more: Fields = {}, called = name): object =>
  mine('chaos.count', name, { name: called }, more);
const say = (name: string, data: unknown, more: Fields = {}): object => ({
  name,
  action: 'core.transform',
  input: { data },
  ...more,
});

/** Workflows that others run, or that are started after a failure. */
export const BELOW: Pick<Construct, 'name' | 'definition'>[] = [
  {
    name: 'child',
    definition: { tasks: [count('above', {}, 'child {{ part }} 1'), count('below', {}, 'child {{ part }} 2')] },
  },
  {
    name: 'mourner',
    definition: {
      variables: { run: '{{ parameters.input.run }}' },
      tasks: [count('mourn', {}, 'mourned as {{ parameters.error.type }}')],
    },
  },
];

/** One of each thing that the language can say. */
export const CONSTRUCTS: Construct[] = [
  { name: 'sequence', definition: { tasks: [count('a'), count('b'), count('c'), count('d')] } },
  {
    name: 'fork_join',
    definition: {
      tasks: [
        count('fork', { on_success: ['left', 'middle', 'right'] }),
        ...['left', 'middle', 'right'].map((name) => count(name, { on_success: 'meet' })),
        count('meet', { join: 'all' }),
      ],
    },
  },
  {
    name: 'loop',
    definition: {
      variables: { n: 0 },
      start: ['turn'],
      output: '{{ n }}',
      tasks: [
        count(
          'turn',
          { publish: { n: '{{ n + 1 }}' }, next: [{ when: 'n < 12', do: 'turn' }, { when: 'n >= 12' }] },
          'round {{ n }}',
        ),
      ],
    },
  },
  {
    name: 'items',
    definition: {
      tasks: [count('each', { with_items: [1, 2, 3, 4, 5, 6, 7, 8], concurrency: 3 }, 'item {{ item }}'), count('end')],
    },
  },
  {
    name: 'sub_workflows',
    definition: {
      tasks: [
        {
          name: 'each',
          action: 'chaos.child',
          with_items: ['x', 'y'],
          concurrency: 1,
          input: { run: '{{ run }}', part: '{{ item }}' },
        },
        count('end'),
      ],
    },
  },
  {
    name: 'attempts',
    definition: {
      tasks: [
        {
          name: 'flaky',
          action: 'core.http',
          input: { url: '{{ counter }}/flaky/{{ run }}/2' },
          retry: { count: 20, delay: 0.2 },
        },
        say('end', '{{ flaky.output.status_code }}'),
      ],
    },
  },
  {
    name: 'attempts_when',
    definition: {
      tasks: [
        {
          name: 'flaky',
          action: 'core.http',
          input: { url: '{{ counter }}/flaky/{{ run }}/2' },
          retry: { count: 20, delay: 0.2, when: "error.type in ['http_error', 'abandoned']" },
        },
        say('end', '{{ flaky.output.status_code }}'),
      ],
    },
  },
  {
    name: 'rescue',
    definition: {
      tasks: [count('broken', { on_failure: 'rescue' }), count('rescue', {}, 'rescued from {{ error.type }}')],
    },
  },
  {
    name: 'failure',
    definition: { on_failure: 'chaos.mourner', tasks: [count('a'), count('broken'), count('never')] },
    play: async ({ counter }, { run }) => {
      await found(async () => Object.keys(counter.calls(run)).filter((name) => name.startsWith('mourned')));
    },
  },
  {
    name: 'timeout',
    definition: {
      timeout: 4,
      on_cancel: 'release',
      tasks: [{ name: 'hold', action: 'core.delay', input: { seconds: 3600 } }, count('release')],
    },
  },
  {
    name: 'cancel',
    definition: {
      on_cancel: ['release', 'tell'],
      tasks: [
        count('acquire'),
        { name: 'hold', action: 'core.wait_signal', input: { name: 'never' } },
        count('release'),
        say('tell', 'released'),
      ],
    },
    play: async (player, { id }) => {
      await waiting(player, id, 'signal');
      // Whoever asks again, because the answer was lost, may find it ended.
      done(await player.ask('POST', `/api/v1/executions/${id}/cancel`, { body: { reason: 'chaos' } }), 409);
    },
  },
  {
    name: 'delay',
    definition: { tasks: [{ name: 'sleep', action: 'core.delay', input: { seconds: 1 } }, count('end', { delay: 1 })] },
  },
  {
    name: 'signal',
    definition: {
      tasks: [
        count('before'),
        { name: 'go', action: 'core.wait_signal', input: { name: 'go' } },
        count('end', {}, 'got {{ go.output }}'),
      ],
    },
    play: async ({ ask }, { id }) => {
      const body = { name: 'go', payload: 'word' };
      // The run may have gone on to its end before the answer that was lost is asked for again.
      done(await ask('POST', `/api/v1/executions/${id}/signal`, { body, once: `go-${id}` }), 409);
    },
  },
  {
    name: 'inquiry',
    definition: {
      tasks: [
        { name: 'ask', action: 'core.inquiry', input: { prompt: 'Go on?' } },
        count('end', {}, 'decided by {{ ask.output.decided_by[0] }}'),
      ],
    },
    play: async ({ ask, approver: key }, { id }) => {
      const [inquiry] = await found(async () => {
        const { body } = await ask('GET', `/api/v1/inquiries?execution=${id}`, { key });
        return body.data as { id: string }[];
      });
      // The answer to a decision may be lost with who gave it; it stands all the same.
      done(await ask('POST', `/api/v1/inquiries/${inquiry!.id}/respond`, { body: { option: 'approve' }, key }), 409);
    },
  },
  {
    name: 'pause',
    definition: {
      tasks: [count('a'), { name: 'nap', action: 'core.delay', input: { seconds: 2 } }, count('b'), count('c')],
    },
    play: async ({ ask }, { id }) => {
      done(await ask('POST', `/api/v1/executions/${id}/pause`), 409);
      await wait(500);
      done(await ask('POST', `/api/v1/executions/${id}/resume`), 409);
    },
  },
  {
    name: 'retry',
    definition: { tasks: [count('a'), count('broken'), count('c')] },
    play: async ({ ask, counter }, started) => {
      const { id, run } = started;
      await found(async () => {
        const { body } = await ask('GET', `/api/v1/executions/${id}`);
        return body.data.status === 'failed' ? [true] : [];
      });
      counter.mend(run);
      const { body } = await ask('POST', `/api/v1/executions/${id}/retry`, { body: {}, once: `again-${id}` });
      started.id = body.data.id;
    },
  },
  {
    name: 'turns',
    section: true,
    definition: {
      concurrency_key: { key: '{{ section }}' },
      tasks: [
        mine('chaos.section', 'enter', { section: '{{ section }}', what: 'enter' }, {}),
        count('inside'),
        mine('chaos.section', 'leave', { section: '{{ section }}', what: 'leave' }, {}),
      ],
    },
  },
  {
    name: 'once',
    told: true,
    definition: {
      tasks: [
        mine('chaos.count_once', 'once', { name: 'once' }, { on_success: 'end', on_failure: 'told' }),
        count('end'),
        count('told', {}, 'told of {{ error.type }}'),
      ],
    },
  },
  {
    name: 'data',
    definition: {
      variables: { rows: '{{ range(50) | list }}' },
      tasks: [say('odd', "{{ rows | select('odd') | list }}"), say('sum', '{{ odd.output | sum }}'), count('end')],
    },
  },
];

function done({ status, body }: Answer, refused = 0): void {
  if (status >= 400 && status !== refused) throw new Error(JSON.stringify(body));
}

async function waiting({ ask }: Player, id: number, kind: string): Promise<void> {
  await found(async () => {
    const { body } = await ask('GET', `/api/v1/executions/${id}`);
    return (body.data.waiting_for as { kind: string }[]).filter((wait) => wait.kind === kind);
  });
}

/** Asks until there is something. */
async function found<T>(look: () => Promise<T[]>): Promise<T[]> {
  for (const deadline = Date.now() + 120_000; ; ) {
    const some = await look();
    if (some.length > 0) return some;
    if (Date.now() > deadline) throw new Error(`nothing came of it: ${look}`);
    await wait(150);
  }
}
