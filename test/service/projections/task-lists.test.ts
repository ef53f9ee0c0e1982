import { describe, expect, it } from 'vitest';
import { buildExecution } from '../../../mcp/execution-data.ts';
import type { Definition } from '../../../model/definition.ts';
import type { TaskExecution, TaskPosition } from '../../../model/execution.ts';
import { TASK_STATUSES } from '../../../model/status.ts';
import { parseTaskKey } from '../../../model/task-key.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { createProjection, type Projection } from '../../../projection/project.ts';
import { listWaitingJoins } from '../../../projection/runs/joins.ts';
import { type AutomationView, buildAutomationView } from '../../../service/executions/automation-view.ts';
import { tallyRun } from '../../../service/graphs/tallies.ts';
import { maskExecution } from '../../../service/projections/masks.ts';
import { SHOWN_TASKS, showProjection } from '../../../service/projections/projected-runs.ts';
import {
  cutLog,
  findTask,
  listTasks,
  readLog,
  type TaskPage,
  type TaskQuery,
} from '../../../service/projections/task-lists.ts';
import { madeHistories, madeRun } from '../../fixtures/made.ts';
import { RECORDED, RECORDED_CHAINS, readEvents } from '../../fixtures/recorded.ts';

/** Every recorded chain, and every run that is not part of one. */
const HISTORIES = [
  ...[...RECORDED_CHAINS].map(([name, runs]) => ({ name, events: () => runs.flatMap(readEvents) })),
  ...RECORDED.filter(({ name }) => !name.includes('/chain-')).map(({ name }) => ({
    name,
    events: () => readEvents(name),
  })),
];
/** One in five. */
const SOME = HISTORIES.filter((_, index) => index % 5 === 0);

const ALL: TaskQuery = {
  limit: 500,
  order: 'asc',
  after: null,
  statuses: null,
  name: null,
  parent: '*',
  contains: null,
};

function project(events: Iterable<HistoryEvent>): Projection {
  const projection = createProjection('w');
  for (const event of events) projection.take(event);
  return projection;
}

function list(projection: Projection, query: Partial<TaskQuery> = {}, hidden: string[] = []): TaskPage {
  const page = listTasks(projection, null, { ...ALL, ...query }, hidden);
  expect(page).not.toBeNull();
  return page!;
}

/** Reads all pages of a query; after each, more of the history may be taken. */
function readPages(projection: Projection, query: Partial<TaskQuery>, then = () => {}): string[] {
  const keys: string[] = [];
  for (let after: TaskPosition | null = null; ; ) {
    const { rows, next } = list(projection, { ...query, after });
    keys.push(...rows.map(({ key }) => key));
    if (next === null) return keys;
    after = next;
    then();
  }
}

const keysOf = (tasks: readonly { key: string }[]) => tasks.map(({ key }) => key);
const isShown = (projection: Projection) => projection.sources() !== null;

describe('the pages of the tasks of a run', () => {
  it.each(SOME)('of $name have each task once, in either order', ({ events }) => {
    const projection = project(events());
    if (!isShown(projection)) return;
    const { tasks } = projection.execution();
    const keys = readPages(projection, { limit: 3 });
    expect([...keys].sort()).toEqual(keysOf(tasks).sort());
    expect(readPages(projection, { limit: 2, order: 'desc' })).toEqual(keys.reverse());
  });

  it.each(SOME)('of $name have each task once while it goes on', ({ events }) => {
    const all = events();
    const projection = createProjection('w');
    let taken = 0;
    const takeMore = () => {
      const end = taken + Math.ceil(all.length / 4);
      for (; taken < Math.min(end, all.length); taken += 1) projection.take(all[taken]!);
    };
    takeMore();
    // The history may break off within the commands of a workflow task.
    while (taken < all.length && !isShown(projection)) takeMore();
    if (!isShown(projection)) return;
    const keys = readPages(projection, { limit: 2 }, () => {
      takeMore();
      while (taken < all.length && !isShown(projection)) takeMore();
    });
    expect(new Set(keys).size).toBe(keys.length);
    for (; taken < all.length; taken += 1) projection.take(all[taken]!);
    // A task whose delay was withdrawn is no longer there.
    const begun = keysOf(list(projection).rows);
    const kept = keys.filter((key) => begun.includes(key));
    expect(begun.slice(0, kept.length)).toEqual(kept);
  });

  it.each(SOME)('of $name have what an execution with fewer tasks leaves out', ({ events }) => {
    const projection = project(events());
    if (!isShown(projection)) return;
    const whole = projection.execution();
    for (let entries = 0; entries <= whole.tasks.length; entries += 1) {
      const { tasks, moreTasks } = projection.execution(undefined, { entries, bytes: Number.POSITIVE_INFINITY });
      expect(tasks).toEqual(whole.tasks.filter(({ key }) => keysOf(tasks).includes(key)));
      expect(moreTasks?.total ?? tasks.length).toBe(whole.tasks.length);
      const rest = moreTasks === undefined ? [] : keysOf(list(projection, { after: moreTasks.after }).rows);
      expect([...keysOf(tasks), ...rest].sort()).toEqual(keysOf(whole.tasks).sort());
    }
  });

  it.each(SOME)('of $name do not matter for what is said of all of them', ({ events }) => {
    const projection = createProjection('w');
    for (const event of events()) {
      projection.take(event);
      if (!isShown(projection)) continue;
      const { tasks } = projection.execution();
      const failed = tasks.findLast(({ item, failure }) => item === null && failure !== null);
      const few = projection.execution(undefined, { entries: 0, bytes: 0 });
      expect(few.moreTasks?.lastFailed ?? null).toBe(failed?.name ?? null);
      // A picture and the Automation API count all of them.
      expect([...tallyRun(few)]).toEqual([...tallyRun({ tasks })]);
      const counts = ({ total, successful, failed }: AutomationView) => ({ total, successful, failed });
      expect(counts(buildAutomationView(few))).toEqual(counts(buildAutomationView(projection.execution())));
    }
  });

  it.each(SOME)('of $name say which visits are the newest, and which transitions were taken', ({ events }) => {
    const projection = project(events());
    if (!isShown(projection)) return;
    const visits = projection.execution().tasks.filter(({ item }) => item === null);
    const { progress } = list(projection, { limit: 1, name: 'nothing of this name' });
    const newest = new Map(visits.map(({ name, key, state }) => [name, { name, key, state }]));
    expect(new Map(progress.newest.map((visit) => [visit.name, visit]))).toEqual(newest);
    const { rows } = list(projection, { parent: null });
    expect(rows).toHaveLength(visits.length);
    const edge = (from: string, to: string) => `${from} → ${to}`;
    const led = rows.flatMap(({ name, from }) => from.map((key) => edge(parseTaskKey(key).name, name)));
    const waiting = listWaitingJoins(projection).flatMap(({ task, arrived }) =>
      arrived.map((from) => edge(from, task)),
    );
    const taken = progress.taken.map(({ from, to }) => edge(from, to));
    expect(taken.toSorted()).toEqual([...new Set([...led, ...waiting])].sort());
  });

  it.each(SOME)('of $name count all tasks and select some', ({ events }) => {
    const projection = project(events());
    if (!isShown(projection)) return;
    const { tasks } = projection.execution();
    const { progress, rows } = list(projection);
    const { counts } = progress;
    const sum = (some: readonly TaskExecution[]) =>
      Object.fromEntries(TASK_STATUSES.map((status) => [status, some.filter((task) => task.status === status).length]));
    expect(counts.total).toBe(tasks.length);
    expect(counts.statuses).toEqual(sum(tasks));
    for (const [name, { visits, items }] of Object.entries(counts.tasks)) {
      const own = tasks.filter((task) => task.name === name);
      expect(visits).toEqual(sum(own.filter(({ item }) => item === null)));
      expect(items ?? sum([])).toEqual(sum(own.filter(({ item }) => item !== null)));
    }
    const visits = tasks.filter(({ item }) => item === null);
    expect(keysOf(list(projection, { parent: null }).rows).sort()).toEqual(keysOf(visits).sort());
    for (const { key, name, visit } of visits) {
      const items = tasks.filter((task) => task.item !== null && task.name === name && task.visit === visit);
      expect(keysOf(list(projection, { parent: key }).rows).sort()).toEqual(keysOf(items).sort());
      expect(rows.find((row) => row.key === key)?.items?.statuses ?? sum([])).toEqual(sum(items));
    }
    for (const status of TASK_STATUSES) {
      const { total, rows: some } = list(projection, { statuses: [status] });
      expect([total, some.length]).toEqual([counts.statuses[status], counts.statuses[status]]);
    }
  });
});

/** A list with so many items that are done within the workflow, each with its number as output. */
const transforms = (count: number, more: object = {}): Definition => ({
  tasks: [
    {
      name: 'each',
      with_items: `{{ range(${count}) }}`,
      action: 'core.transform',
      input: { data: '{{ item }}' },
      ...more,
    },
  ],
});

describe('a run with more tasks than are shown at once', () => {
  const count = 1_500;
  const projection = project(madeHistories(madeRun(transforms(count))).flat());

  it('shows the first of them, and where the others are', () => {
    const { execution } = showProjection(projection);
    expect([execution.projection, execution.tasks.length]).toEqual(['complete', SHOWN_TASKS.entries]);
    expect(execution.moreTasks).toMatchObject({ total: count + 1, lastFailed: null });
    const rest = readPages(projection, { after: execution.moreTasks!.after });
    expect(new Set([...keysOf(execution.tasks), ...rest]).size).toBe(count + 1);
  });

  it('has a task by its key, and a visit with the first of its items', () => {
    expect(findTask(projection, null, { key: `each[${count - 1}]` }, [])?.task.output).toBe(count - 1);
    expect(findTask(projection, null, { key: `each[${count}]` }, [])).toBeNull();
    expect(findTask(projection, null, { number: 2 }, [])).toBeNull();
    const found = findTask(projection, null, { number: 1 }, [])!;
    expect([found.task.key, found.items.length, found.more?.total]).toEqual(['each', SHOWN_TASKS.entries, count]);
    const rest = keysOf(list(projection, { parent: 'each', after: found.more!.after }).rows);
    expect([...keysOf(found.items), ...rest]).toEqual(Array.from({ length: count }, (_, item) => `each[${item}]`));
  });

  it('has a log in pages, also from its end', () => {
    const { entries, total } = readLog(projection, null, { after: 0, limit: 10_000, task: null }, []);
    expect(total).toBe(2 * (count + 1) + 2);
    expect(readLog(projection, null, { after: 100, limit: 3, task: null }, []).entries).toEqual(
      entries.slice(100, 103),
    );
    expect(readLog(projection, null, { after: -1, limit: 3, task: null }, []).entries).toEqual(entries.slice(-3));
  });

  it('has a log of each task, also of those beyond what the whole log keeps', () => {
    const last = `each[${count - 1}]`;
    const { entries, total } = readLog(projection, null, { after: 0, limit: 100, task: last }, []);
    expect(entries.map(({ message }) => message)).toEqual([`"${last}" started`, `"${last}" ended as completed`]);
    expect(total).toBe(2);
    expect(readLog(projection, null, { after: 1, limit: 1, task: last }, []).entries).toEqual(entries.slice(1));
    expect(readLog(projection, null, { after: 0, limit: 100, task: 'each' }, []).total).toBe(2);
    expect(readLog(projection, null, { after: 0, limit: 100, task: 'nobody' }, [])).toEqual({ entries: [], total: 0 });
  });

  it('has a log of each task, also where others have been attempted so often that the whole log lacks it', () => {
    const { execution } = showProjection(project(madeHistories(madeRun(transforms(2))).flat()));
    const attempt = { attempt: 1, started: execution.created, ended: null, worker: null, error: null, recorded: true };
    const [first, ...rest] = execution.tasks;
    const busy = { ...first!, attempts: Array.from({ length: 12_000 }, () => attempt) };
    const much = { ...execution, tasks: [busy, ...rest] };
    const read = (task: string | null) => cutLog(much, { after: 0, limit: 20_000, task });
    expect(read(null).entries.some(({ task }) => task === 'each[1]')).toBe(false);
    expect(read('each[1]')).toEqual(cutLog(execution, { after: 0, limit: 100, task: 'each[1]' }));
    expect(read('each[1]').total).toBe(2);
  });

  it.each([
    ['core.fail', 'end'],
    ['core.noop', null],
  ])('names the last task behind the first of them, which is %s', (action, lastFailed) => {
    const tasks: Definition['tasks'] = [
      { ...transforms(count).tasks[0]!, on_success: 'end' },
      { name: 'end', action, ...(lastFailed === null ? {} : { input: { message: 'no' } }) },
    ];
    const { execution } = showProjection(project(madeHistories(madeRun({ tasks })).flat()));
    expect(execution.moreTasks).toMatchObject({ total: count + 2, lastFailed });
    const shown = buildExecution({ n: 1, execution: maskExecution(execution).execution, retries: [] }, true);
    expect(shown.data?.resultData.lastNodeExecuted).toBe('end');
  });

  it('selects by a text in the result', () => {
    expect(keysOf(list(projection, { contains: '149' }).rows)).toContain('each[149]');
    expect(keysOf(list(projection, { contains: 'nowhere' }).rows)).toEqual([]);
  });
});

it('shows no more tasks than the limit of their size permits, and the beginning of each value in a list', () => {
  const data = { text: 'x'.repeat(200_000) };
  const projection = project(madeHistories(madeRun(transforms(3, { input: { data } }))).flat());
  const limits = { entries: 1_000, bytes: 1_300_000 };
  // The input and the output of an item count; the visit has the outputs of all items.
  const { tasks, moreTasks } = projection.execution(undefined, limits);
  expect([keysOf(tasks), moreTasks?.total]).toEqual([['each', 'each[0]'], 4]);
  expect(projection.execution(undefined, { ...limits, bytes: 1_000 })).toMatchObject({
    tasks: [],
    moreTasks: { total: 4, after: null },
  });
  const { output } = list(projection, { parent: 'each' }).rows[0]!;
  expect(output).toEqual({ bytes: 200_011, text: JSON.stringify(data).slice(0, 200), truncated: true });
});

describe('values that a run hides', () => {
  const hiding = madeRun(transforms(2, { input: { data: 'say {{ secret }}, {{ other }}' } }), {
    write_only: [['secret']],
  });
  const projection = project(madeHistories(hiding, { secret: 'sesame seed', other: 'open door' }).flat());

  it('are hidden before the beginning of a value is taken', () => {
    const shown = JSON.stringify(list(projection, {}, ['open door']));
    expect(shown).toContain('say ***, ***');
    expect(shown).not.toMatch(/sesame|open/);
  });

  it('are hidden in a single task and its items', () => {
    for (const name of [{ key: 'each' }, { key: 'each[1]' }]) {
      const shown = JSON.stringify(findTask(projection, null, name, ['open door']));
      expect(shown).toContain('say ***, ***');
      expect(shown).not.toMatch(/sesame|open/);
    }
  });

  it('are hidden in a single task as of the event at which a sub-workflow hides them', () => {
    const [each] = transforms(2, { input: { data: 'say {{ other }}' } }).tasks;
    const sub = { name: 'sub', action: 'examples.hides', input: { secret: '{{ other }}' } };
    const tasks = [{ ...each!, on_success: 'wait' }, { name: 'wait', action: 'bench.act', on_success: 'sub' }, sub];
    const actions = {
      ...madeRun({ tasks: tasks.slice(0, 2) }).actions,
      'examples.hides': { workflow: true, timeout: 60 },
    };
    const workflows = { 'examples.hides': { ...hiding, write_only: [['secret']] } };
    const run = madeRun({ tasks }, { actions, workflows } as never);
    const events = madeHistories(run, { other: 'open door' }).flat();
    const running = createProjection('w');
    const shown = events.map((event) => {
      running.take(event);
      return JSON.stringify(running.sources() && findTask(running, null, { key: 'each[1]' }, []));
    });
    const begun = shown.findIndex((each) => each.includes('say ***'));
    expect(begun).toBeGreaterThan(0);
    expect(shown.slice(0, begun).join()).toContain('say open door');
    expect(shown.slice(begun).join()).not.toContain('open door');
  });

  it('are hidden before a message of the log is cut, and before it is put into another', () => {
    const cut = 64 * 1024;
    const definition: Definition = {
      tasks: [
        {
          name: 'say',
          action: 'core.log',
          input: { message: `${'x'.repeat(cut - 6)}{{ secret }}`, level: 'info' },
          on_success: 'own',
        },
        { name: 'own', action: 'core.fail', input: { message: '{{ pin }}' }, on_failure: 'above' },
        { name: 'above', action: 'core.fail', input: { message: '{{ code }}' } },
      ],
    };
    const run = madeRun(definition, { write_only: [['secret'], ['pin']] });
    const logging = project(madeHistories(run, { secret: 'sesame seed', pin: '735', code: '846' }).flat());
    const messages = readLog(logging, null, { after: 0, limit: 100, task: null }, ['846']).entries.map(
      ({ message }) => message,
    );
    expect(messages).toContain(`${'x'.repeat(cut - 6)}***`);
    expect(messages).toContain('"own" ended as failed: ***');
    expect(messages).toContain('"examples.made" ended as failed: ***');
    expect(messages.join()).not.toMatch(/sesame|735|846/);
  });
});
