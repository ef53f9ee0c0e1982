import fc from 'fast-check';
import type { Definition, Task } from '../../model/definition.ts';
import type { Json } from '../../model/json.ts';
import { type Attempt, fail, hang, ok } from './rehearse.ts';

/** A definition, the outcomes of its tasks, and events from outside. */
export interface RandomRun {
  definition: Definition;
  outcomes: Record<string, Attempt | Attempt[]>;
  /** The wave at which it is cancelled; 0: never. */
  cancelAt: number;
  /** Names of signals that are sent to it. */
  signals: string[];
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const VARIABLES = ['x', 'y', 'z'];
const SIGNALS = ['s', 't'];

const attempt = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 9 }).map((value) => ok({ value })) },
  { weight: 2, arbitrary: fc.constantFrom(fail('E_ONE'), fail('E_TWO'), fail('timeout')) },
);

/** Conditions: most can always be evaluated; one fails where the result of a task is not a number. */
const condition = fc.constantFrom(
  ...[
    'succeeded()',
    'failed()',
    'succeeded()',
    'failed()',
    'true',
    '{{ timed_out() }}',
    'x | default(0) is number',
    'error is defined',
    'true',
  ],
  ...["status() == 'succeeded' and y is defined", 'result() is none', '[true, false] | random'],
  'result().value > 4',
);

const published = fc.constantFrom<Json>(
  ...[1, 'text', '{{ x | default(0) }}', '{{ [y | default(none), status()] }}', '{{ uuid() }}', '{{ result() }}'],
  '{{ error.type }}',
);

const publish = fc.option(fc.dictionary(fc.constantFrom(...VARIABLES), published, { minKeys: 1, maxKeys: 2 }), {
  nil: undefined,
  freq: 2,
});

const retry = fc.option(
  fc.record({
    count: fc.integer({ min: 0, max: 2 }),
    delay: fc.constantFrom(0, 0.01),
    when: fc.constantFrom(undefined, undefined, "error.type == 'E_ONE'", 'error.attempt < 2', 'error.details.no'),
    backoff: fc.constantFrom(undefined, 'exponential' as const),
  }),
  { nil: undefined, freq: 3 },
);

const kind = fc.constantFrom(
  ...(['act', 'act', 'act', 'act', 'transform', 'transform', 'read', 'fail', 'delay', 'wait', 'sub', 'sub'] as const),
);

/** The sub-workflows on a server, and their outcomes in the interpreter alone. */
export const SUB_WORKFLOWS: Record<string, Definition> = {
  'sub.one': {
    tasks: [
      { name: 'inner', action: 'test.act' },
      { name: 'result', action: 'core.transform', input: { data: { value: 3 } } },
    ],
  },
  'sub.two': {
    on_cancel: 'undo',
    tasks: [
      { name: 'pause', action: 'core.delay', input: { seconds: 0.02 } },
      { name: 'no', action: 'core.fail', input: { message: 'deep', type: 'E_DEEP' } },
      { name: 'undo', action: 'core.noop' },
    ],
  },
  'sub.three': {
    start: ['a', 'b'],
    tasks: [
      { name: 'a', action: 'sub.one', on_success: 'j' },
      { name: 'b', action: 'sub.two', on_failure: 'j' },
      { name: 'j', action: 'core.transform', input: { data: '{{ a.output }}' }, join: 'all' },
    ],
  },
};
const SUB_OUTCOMES: Record<string, Attempt> = {
  'sub.one': ok({ value: 3 }),
  'sub.two': fail('E_DEEP', 'deep'),
  'sub.three': ok({ j: { value: 3 } }),
};

const items = fc.record({
  with_items: fc.constantFrom<Json & Task['with_items']>(
    [1, 2, 3],
    [7],
    [],
    '{{ [3, 2, 1, 0] }}',
    '{{ y | default([5, 6]) }}',
  ),
  concurrency: fc.constantFrom(undefined, 1, 1, 2, '{{ 1 + 1 }}'),
  on_item_failure: fc.constantFrom(undefined, 'stop' as const, 'finish' as const),
});

const transition = fc.record({
  to: fc.array(fc.nat(), { maxLength: 2 }),
  word: fc.constantFrom('', '', '', '', 'noop', 'fail', 'continue', 'retry', 'again'),
  when: fc.option(condition, { nil: undefined }),
  publish,
});

const drawnTask = fc.record({
  kind,
  retry,
  publish,
  delay: fc.constantFrom(undefined, undefined, undefined, 0.02, '{{ 0.01 }}'),
  style: fc.constantFrom('none', 'next', 'next', 'on'),
  transitions: fc.array(transition, { maxLength: 3 }),
  join: fc.constantFrom(undefined, undefined, 'all' as const, 1, 2),
  items: fc.option(items, { nil: undefined, freq: 3 }),
  child: fc.constantFrom('sub.one', 'sub.one', 'sub.two', 'sub.three'),
  signal: fc.constantFrom(...SIGNALS),
});

const diamond = fc.record({
  drawn: fc.array(drawnTask, { minLength: 4, maxLength: 5 }),
  join: fc.constantFrom<'all' | number>('all', 'all', 'all', 1, 2),
  on: fc.constantFrom('on_complete' as const, 'on_complete' as const, 'on_success' as const),
  rounds: fc.constantFrom(1, 1, 2, 3),
  /** How many transitions of one visit lead to the fork; 0: it is an entry, as that of several rounds is. */
  transitions: fc.constantFrom(0, 0, 2, 3),
});

type Diamond = typeof diamond extends fc.Arbitrary<infer T> ? T : never;

type DrawnTask = typeof drawnTask extends fc.Arbitrary<infer T> ? T : never;

/**
 * Random definitions: lists and graphs, joins, items, sub-workflows, loops that end, conditions, publishes, waits, retries,
 * timeouts, cleanup.
 */
export function randomRun(): fc.Arbitrary<RandomRun> {
  return fc
    .record({
      drawn: fc.array(drawnTask, { minLength: 1, maxLength: NAMES.length }),
      graph: fc.boolean(),
      diamond: fc.option(diamond, { nil: undefined, freq: 3 }),
      cleanups: fc.array(drawnTask, { maxLength: 2 }),
      timeout: fc.constantFrom(undefined, undefined, undefined, 0.1, 60),
      told: fc.boolean(),
      skipped: fc.constantFrom(
        undefined,
        undefined,
        undefined,
        undefined,
        'true',
        'workflow.param.go | default(false)',
      ),
      attempts: fc.array(fc.array(attempt, { minLength: 1, maxLength: 4 }), { minLength: 16, maxLength: 16 }),
      hangs: fc.boolean(),
      cancelAt: fc.integer({ min: 0, max: 6 }),
      signals: fc.array(fc.constantFrom(...SIGNALS), { maxLength: 3 }),
    })
    .map(({ drawn, graph, diamond, cleanups, timeout, told, skipped, attempts, hangs, cancelAt, signals }) => {
      const names = NAMES.slice(0, drawn.length);
      const tasks = drawn.map((task, index) => taskOf(task, names, index, graph));
      const cleaning = cleanups.map((task, index) => taskOf(task, [`undo${index}`], 0, false));
      if (graph && diamond !== undefined) tasks.push(...diamondOf(diamond));
      const led = new Set(tasks.flatMap((task) => targetsOf(task)));
      const joins = graph ? drawn.slice(1) : [];
      for (const [index, { join }] of joins.entries()) addJoin(tasks[index + 1]!, join, tasks);
      const edged = tasks.some(({ next, on_success, on_failure }) => next || on_success || on_failure);
      const outcomes = outcomesOf([...tasks, ...cleaning], attempts);
      const first = outcomes.find(([name]) => tasks.some((task) => task.name === name && task.action === 'test.act'));
      // A task that never ends needs something that ends it; a cleanup is ended by its own timeout only.
      if (hangs && timeout === 0.1 && first !== undefined) first[1] = [hang];
      const definition: Definition = {
        tasks: [...tasks, ...cleaning],
        variables: { z: 'start' },
        ...(edged ? { start: entriesOf(tasks, led) } : {}),
        ...(cleaning.length > 0 ? { on_cancel: cleaning.map(({ name }) => name) } : {}),
        ...(timeout === undefined ? {} : { timeout }),
        ...(skipped === undefined ? {} : { when: skipped }),
        ...(told ? { output: everythingSeen([...tasks, ...cleaning].map(({ name }) => name)) } : {}),
      };
      // A sub-workflow ends in the same way each time.
      const every = ([name, list]: [string, Attempt[]]) =>
        [name, SUB_OUTCOMES[[...tasks, ...cleaning].find((task) => task.name === name)!.action] ?? list] as const;
      return { definition, outcomes: Object.fromEntries(outcomes.map(every)), cancelAt, signals };
    });
}

/** How the attempts of each task end: those of an action as they were drawn, those of a sub-workflow as it always does. */
function outcomesOf(tasks: readonly Task[], attempts: readonly Attempt[][]): [string, Attempt[]][] {
  return tasks.flatMap(({ name, action }, index): [string, Attempt[]][] => {
    if (action === 'test.act') return [[name, attempts[index]!]];
    return action in SUB_OUTCOMES ? [[name, [SUB_OUTCOMES[action]!]]] : [];
  });
}

/** The tasks that a run begins with: the first one, those that no task leads to, and the fork of a diamond without a task in front. */
function entriesOf(tasks: readonly Task[], led: ReadonlySet<string>): string[] {
  const names = tasks.map(({ name }) => name);
  return names.filter((name, index) => index === 0 || !led.has(name) || (name === 'p' && !names.includes('o')));
}

/** An output with everything that the run itself knows, so that its close can be compared with the projection. */
function everythingSeen(names: string[]): Json {
  const tasks = names.map((name) => [
    name,
    `{{ [${name}.status, ${name}.output, ${name}.error] if ${name} is defined else none }}`,
  ]);
  return { ...Object.fromEntries(tasks), variables: '{{ variables }}', drawn: '{{ uuid() }}', at: '{{ now() }}' };
}

function taskOf(drawn: DrawnTask, names: string[], index: number, graph: boolean): Task {
  const name = names[index]!;
  const { retry: drawnRetry, publish: drawnPublish, delay, signal, style, transitions, child } = drawn;
  const { backoff, when, ...attempts } = drawnRetry ?? {};
  const common = {
    name,
    ...(drawnRetry === undefined
      ? {}
      : { retry: { ...attempts, ...(backoff && { backoff }), ...(when && { when }) } as NonNullable<Task['retry']> }),
    ...(drawnPublish === undefined ? {} : { publish: drawnPublish }),
    ...(delay === undefined ? {} : { delay }),
    ...definedOf(drawn.items ?? {}),
  };
  const previous = names[index - 1];
  const bodies: Record<string, Pick<Task, 'action' | 'input'>> = {
    act: { action: 'test.act' },
    transform: { action: 'core.transform', input: { data: [index, '{{ now() }}', "{{ x | default('unset') }}"] } },
    read: {
      action: 'core.transform',
      input: previous === undefined ? {} : { data: `{{ ${previous}.output }}` },
    },
    fail: { action: 'core.fail', input: { message: 'no', type: 'E_INLINE' } },
    delay: { action: 'core.delay', input: { seconds: 0.01 * (index + 1) } },
    sub: { action: child, input: drawn.items === undefined ? {} : { n: '{{ item }}', at: '{{ index }}' } },
    wait: { action: 'core.wait_signal', input: { name: signal, timeout: 0.05 } },
  };
  const task: Task = { ...common, ...bodies[drawn.kind]! };
  if (!graph || style === 'none') return task;
  // Forward, so that a drawn run ends by itself; `again` leads back a bounded number of times.
  const forward = (to: number) => names[index + 1 + (to % Math.max(1, names.length - index - 1))];
  if (style === 'on') {
    const [one, two] = transitions;
    const target = (each: typeof one) => each?.to.flatMap((to) => forward(to) ?? []).slice(0, 1) ?? [];
    return {
      ...task,
      on_success: target(one),
      on_failure: [...target(two), ...(two?.word === 'noop' ? ['noop'] : [])],
    };
  }
  return {
    ...task,
    next: transitions.map(({ to, word, when: condition_, publish: names_ }) => {
      if (word === 'again') {
        const count = '{{ loops | default(0) + 1 }}';
        return {
          when: 'loops | default(0) < 2',
          publish: { loops: count },
          do: names[to[0]! % (index + 1)] ?? names[0]!,
        };
      }
      const targets = word === 'retry' ? [] : [...new Set(to.flatMap((each) => forward(each) ?? []))];
      return {
        ...(condition_ === undefined ? {} : { when: condition_ }),
        ...(names_ === undefined ? {} : { publish: names_ }),
        do: [...targets, ...(word === '' ? [] : [word])],
      };
    }),
  };
}

/** A fork, branches, and the join in which they meet, for a number of rounds, as a separate entry. */
function diamondOf({ drawn, join, on, rounds, transitions }: Diamond): Task[] {
  const names = ['p', 'q', 'r', 's', 't'].slice(0, drawn.length);
  const tasks = drawn.map((task, index) => taskOf(task, names, index, false));
  const [fork, last] = [tasks[0]!, tasks.at(-1)!];
  const branches = tasks.slice(1, -1);
  fork.on_complete = branches.map(({ name }) => name);
  for (const branch of branches) branch[on] = last.name;
  last.join = join;
  if (rounds > 1) {
    const round = '{{ rounds | default(1) + 1 }}';
    last.next = [{ when: `rounds | default(1) < ${rounds}`, publish: { rounds: round }, do: fork.name }];
    return tasks;
  }
  if (transitions === 0) return tasks;
  const next = Array.from({ length: transitions }, (_, nth) => ({
    ...(nth === 0 ? {} : { when: 'succeeded()' }),
    publish: { y: nth },
    do: fork.name,
  }));
  return [{ name: 'o', action: 'core.noop', next }, ...tasks];
}

/** Makes a task wait for the others that lead to it, never for more than there are. */
function addJoin(task: Task, join: Task['join'], tasks: readonly Task[]): void {
  const inbound = tasks.filter((other) => targetsOf(other).includes(task.name)).length;
  if (join === undefined || inbound === 0) return;
  task.join = join === 'all' ? join : Math.min(join, inbound);
}

/** An object without the fields that are undefined. */
function definedOf<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // The type cannot say that the other fields are absent.
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never;
}

function targetsOf(task: Task): string[] {
  return [task.on_success, task.on_failure, task.on_complete, ...(task.next ?? []).map((next) => next.do)]
    .flat()
    .flatMap((to) => to ?? []);
}
