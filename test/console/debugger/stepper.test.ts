import { expect, it } from 'vitest';
import type { ChangeKind, Stop } from '../../../console/debugger/protocol.ts';
import { recordRun } from '../../../console/debugger/recording.ts';
import { createStepper } from '../../../console/debugger/stepper.ts';
import type { Definition } from '../../../model/definition.ts';
import { integerId, parseExecutionId } from '../../../model/execution-id.ts';
import type { Json } from '../../../model/json.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { createHistoryMasking } from '../../../service/histories/exports/history-masking.ts';
import { copyHistory } from '../../../service/projections/history-copies.ts';
import { madeHistories, madeRun } from '../../fixtures/made.ts';
import { RECORDED_CHAINS, readEvents } from '../../fixtures/recorded.ts';
import { readFiles, takeRun, writeExport } from './histories.ts';

const FAN: Definition = {
  variables: { count: 0 },
  tasks: [
    {
      name: 'left',
      action: 'bench.act',
      input: { 'to/whom': 'to {{ name | upper }}', of: [1, '{{ name }}'] },
      next: [
        { when: '{{ result() > 5 }}', do: ['never'] },
        { publish: { count: '{{ count + 1 }}', same: 1 }, do: ['both'] },
      ],
    },
    { name: 'right', action: 'bench.act', next: [{ do: ['again'] }] },
    // It publishes what is there already, which changes nothing.
    { name: 'again', action: 'bench.act', next: [{ publish: { same: 1 }, do: ['both'] }] },
    { name: 'never', action: 'bench.act' },
    { name: 'both', join: 'all', action: 'bench.act', with_items: '{{ [1, 2] }}' },
  ],
} as Definition;

function make(definition: Definition, input: Record<string, Json> = {}): HistoryEvent[] {
  return copyHistory(madeHistories(madeRun(definition), input)[0]!).events;
}

const EVENTS = make(FAN, { name: 'ada' });
const open = (events: readonly HistoryEvent[] = EVENTS) => createStepper(readFiles(writeExport([events])));
const WHOLE = { rows: { offset: 0, limit: 100 }, selected: null };

/** Returns the number of the n-th event of a kind, from 1. */
function eventOf(attributes: keyof HistoryEvent, nth = 1): number {
  const places = EVENTS.flatMap((event, at) => (event[attributes] ? [at + 1] : []));
  return places[nth - 1]!;
}

const COMPLETED = 'activityTaskCompletedEventAttributes';
const STEPPED = 'workflowTaskCompletedEventAttributes';

it('a stop shows what its event has changed, and the commands of a workflow task belong to it', () => {
  const stepper = open();
  const first = stepper.stop({ ...WHOLE, event: 1 });
  expect(first.changes).toEqual([{ what: 'run', before: null, after: 'requested' }]);
  // Nothing has begun, which is known.
  expect([first.known, first.counts.total, Object.keys(first.counts.tasks)]).toEqual([true, 0, stepper.opened.tasks]);
  const begun = stepper.stop({ ...WHOLE, event: eventOf(STEPPED) });
  expect(begun.changes).toEqual([
    { what: 'run', before: 'requested', after: 'running' },
    { what: 'task', key: 'left', name: 'left', before: null, after: 'scheduled', attempt: null },
    { what: 'task', key: 'right', name: 'right', before: null, after: 'scheduled', attempt: null },
    { what: 'variable', name: 'count', after: 0 },
  ]);
  const command = stepper.stop({ ...WHOLE, event: begun.event + 1 });
  expect(command.changes).toEqual(begun.changes);
  expect(command.history).toMatchObject({ name: 'ActivityTaskScheduled', task: 'left' });
  const left = { what: 'task', key: 'left', name: 'left', attempt: 1 };
  const taken = stepper.stop({ ...WHOLE, event: eventOf('activityTaskStartedEventAttributes') });
  expect(taken.changes).toEqual([{ ...left, before: 'scheduled', after: 'running' }]);
  const ended = stepper.stop({ ...WHOLE, event: eventOf(COMPLETED) });
  expect(ended.history.task).toBe('left');
  expect(ended.changes).toEqual([{ ...left, before: 'running', after: 'completed' }]);
});

it('a stop shows variables before and after, joins, transitions with their reasons, and counts', () => {
  const stepper = open();
  const stop = stepper.stop({ ...WHOLE, event: eventOf(STEPPED, 2) });
  expect(stop.variables).toEqual([
    { name: 'count', value: 1, before: 0, changed: true },
    { name: 'same', value: 1, changed: true },
  ]);
  expect(stop.joins).toEqual([{ task: 'both', needed: 2, arrived: ['left'], missing: ['again'] }]);
  expect(stop.transitions.map(({ from, to, reason, value }) => [from, to, reason, value])).toEqual([
    ['left', ['never'], 'false', false],
    ['left', ['both'], 'fired', null],
    ['right', ['again'], 'fired', null],
  ]);
  const read = [{ path: 'result()', value: { bytes: 1, text: '1', truncated: false } }];
  expect(stop.transitions.map((decided) => decided.read)).toEqual([read, [], []]);
  const { visits } = stop.counts.tasks.left!;
  expect([visits.completed, stop.counts.tasks.never!.visits.completed, stop.counts.tasks.both!.items]).toEqual([
    ...[1, 0],
    expect.objectContaining({ completed: 0 }),
  ]);
  expect(stop.tasks.rows.map(({ key, changed }) => [key, changed])).toEqual([
    ['left', false],
    ['right', false],
    ['again', true],
  ]);
  const page = stepper.stop({ ...WHOLE, event: stop.event, rows: { offset: 1, limit: 1 } });
  expect([page.tasks.rows.map(({ key }) => key), page.tasks.total]).toEqual([['right'], 3]);
});

it('items of a task change by themselves', () => {
  const stepper = open();
  const begun = EVENTS.findIndex((event) => event.activityTaskScheduledEventAttributes?.activityId === 'both[0]') + 1;
  const changed = Array.from({ length: EVENTS.length - begun }, (_, at) => {
    const { changes, tasks } = stepper.stop({ ...WHOLE, event: begun + at });
    const rows = tasks.rows.flatMap((row) => (row.changed ? [row.key] : []));
    return {
      rows,
      of: changes.flatMap((each) => (each.what === 'task' ? [`${each.key} ${each.before} ${each.after}`] : [])),
    };
  });
  expect(changed[0]).toEqual({
    rows: ['both', 'both[0]', 'both[1]'],
    of: ['both null running', 'both[0] null scheduled', 'both[1] null scheduled'],
  });
  const ended = changed.flatMap(({ of }) => of.filter((each) => each.endsWith(' completed')));
  expect([...new Set(ended)]).toEqual([
    ...['both[0] running completed', 'both[1] running completed', 'both running completed'],
  ]);
});

it('the input of the selected task is shown with each template beside its value', () => {
  const { selected } = open().stop({ ...WHOLE, event: EVENTS.length, selected: 'left' });
  expect(selected?.templates).toEqual([
    { path: '/to~1whom', template: 'to {{ name | upper }}', value: 'to ADA' },
    { path: '/of/1', template: '{{ name }}', value: 'ada' },
  ]);
  expect(open().stop({ ...WHOLE, event: 1, selected: 'left' }).selected).toBeNull();
  // Where nobody has selected one, it is the task that the event is about, and the last rows are shown.
  const ended = open().stop({ event: eventOf(COMPLETED, 2), rows: { offset: null, limit: 2 }, selected: null });
  expect([ended.selected?.task.key, ended.tasks.offset]).toEqual(['right', 0]);
  const last = open().stop({ event: EVENTS.length, rows: { offset: null, limit: 2 }, selected: null });
  expect([last.tasks.offset, last.tasks.rows.length, last.tasks.total]).toEqual([4, 2, 6]);
  expect(open().stop({ ...WHOLE, event: 1 }).selected).toBeNull();
});

it.each<[ChangeKind, (stop: Stop) => boolean]>([
  [{ kind: 'tasks' }, ({ changes }) => changes.some(({ what }) => what === 'task')],
  [
    { kind: 'task', name: 'both' },
    ({ changes }) => changes.some((change) => change.what === 'task' && change.name === 'both'),
  ],
  [{ kind: 'variables' }, ({ changes }) => changes.some(({ what }) => what === 'variable')],
  [{ kind: 'joins' }, ({ changes }) => changes.some(({ what }) => what === 'join')],
])('the next and the previous change are found: %o', (of, isMeant) => {
  const stepper = open();
  const stops = EVENTS.map((_, at) => stepper.stop({ ...WHOLE, event: at + 1 }));
  // A command belongs to its workflow task.
  const meant = stops.filter((stop) => isMeant(stop) && !EVENTS[stop.event - 1]!.activityTaskScheduledEventAttributes);
  const places = meant.map(({ event }) => event).filter((event) => !isEnd(event));
  const found: number[] = [];
  for (let from: number | null = 0; from !== null; from = found.at(-1) ?? null) {
    const next = stepper.find({ from, direction: 'next', of });
    if (next === null) break;
    found.push(next);
  }
  expect(found).toEqual(places);
  expect(found.length).toBeGreaterThan(0);
  const back = places.map((event) => stepper.find({ from: event, direction: 'previous', of }));
  expect(back).toEqual([null, ...places.slice(0, -1)]);
});

const isEnd = (event: number) => EVENTS[event - 1]!.workflowExecutionCompletedEventAttributes !== undefined;

it('an event that the run has not taken names the workflow task that takes it', () => {
  const stepper = open();
  const decidesAt = (event: number) => stepper.stop({ ...WHOLE, event }).decidesAt;
  const [ended, decided] = [eventOf(COMPLETED), eventOf(STEPPED, 2)];
  // Another activity ends before the run takes both ends.
  expect(decided).toBeGreaterThan(ended + 2);
  expect([decidesAt(1), decidesAt(ended), decidesAt(decided - 1)]).toEqual([eventOf(STEPPED), decided, decided]);
  expect([decidesAt(decided), decidesAt(decided + 1), decidesAt(EVENTS.length)]).toEqual([null, null, null]);
  expect(open(EVENTS.slice(0, ended)).stop({ ...WHOLE, event: ended }).decidesAt).toBeNull();
});

it('a task whose input could not be rendered is shown with its templates, and a task with items with those of its items alone', () => {
  const input = { whom: '{{ item }}', ratio: '{{ 1 / item }}' };
  const events = make({ tasks: [{ name: 'each', action: 'bench.act', with_items: [1, 0], input }] } as Definition);
  const stepper = open(events);
  const shown = (selected: string) => stepper.stop({ ...WHOLE, event: events.length, selected }).selected;
  const templates = (key: string) => shown(key)?.templates.map(({ path, value }) => [path, value]);
  expect(shown('each[1]')?.task).toMatchObject({ input: null, failure: { type: 'template_error' } });
  expect([templates('each[0]'), templates('each[1]'), templates('each')]).toEqual([
    [
      ['/whom', 1],
      ['/ratio', 1],
    ],
    [
      ['/whom', null],
      ['/ratio', null],
    ],
    [],
  ]);
});

it('a task that started a sub-workflow leads to it', () => {
  const definition: Definition = { tasks: [{ name: 'one', action: 'core.noop', input: {} }] };
  const workflows = {
    'sub.one': { version: '1.0.0', revision: 1, hash: 'a', definition_id: 1, definition, actions: {} },
  };
  const tasks = [{ name: 'below', action: 'sub.one' }];
  const actions = { 'sub.one': { workflow: true, timeout: 60 } };
  const events = copyHistory(
    madeHistories(madeRun({ tasks } as Definition, { workflows, actions } as never))[0]!,
  ).events;
  const { selected } = open(events).stop({ ...WHOLE, event: events.length, selected: 'below' });
  const workflowId = events.flatMap(
    (event) => event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowId ?? [],
  );
  expect([selected?.task.child]).toEqual(workflowId);
  expect(selected?.child).toBe(integerId(parseExecutionId(workflowId[0]!)!.n));
  expect(open().stop({ ...WHOLE, event: EVENTS.length, selected: 'left' }).selected?.child).toBeNull();
});

it('a history that was changed differs at its event, and what comes before it is known', () => {
  const changed = structuredClone(EVENTS);
  const place = eventOf('activityTaskScheduledEventAttributes', 3);
  changed[place - 1]!.activityTaskScheduledEventAttributes!.activityId = 'another';
  const stepper = open(changed);
  const difference = `history event ${place} has no command: activity`;
  expect(stepper.opened.verification).toEqual({
    ...{ state: 'differs', agree: place - 1, events: EVENTS.length, event: place, difference },
    sentence: `Differs at event ${place}: ${difference}`,
  });
  expect(stepper.stop({ ...WHOLE, event: place - 3 })).toMatchObject({ known: true, tasks: { total: 2 } });
  expect(stepper.stop({ ...WHOLE, event: EVENTS.length })).toMatchObject({
    known: false,
    status: 'completed',
    tasks: { total: 0 },
  });
});

it('a history that ends between a workflow task and its commands is not verified yet, and does not differ', () => {
  const place = eventOf(STEPPED, 2);
  expect(open(EVENTS.slice(0, place)).opened.verification).toMatchObject({
    ...{ state: 'pending', agree: place - 1, event: null },
    sentence: `Not verified yet: the history lacks the commands of the last workflow task, ${place - 1} of ${place} events agree`,
  });
  const stepper = open(EVENTS.slice(0, place));
  const knownAt = (event: number) => stepper.stop({ ...WHOLE, event }).known;
  expect([place - 1, place].map(knownAt)).toEqual([true, false]);
  expect(open(EVENTS.slice(0, place - 1)).opened.verification.state).toBe('verified');
});

it('a run of which values are hidden is recomputed with the values that its export lists, at every event', () => {
  const definition = {
    tasks: [
      {
        name: 'first',
        action: 'bench.act',
        input: { size: '{{ name | length }}' },
        next: [
          { when: "{{ name == 'another' }}", do: ['never'] },
          { when: "{{ name == 'a third' }}", do: ['never'] },
          { when: "{{ name == 'hidden word' }}", do: ['second'] },
        ],
      },
      { name: 'second', action: 'bench.act', input: { text: 'of {{ name }}' } },
      { name: 'never', action: 'bench.act' },
    ],
  } as Definition;
  const events = make(definition, { name: 'hidden word' });
  const masking = createHistoryMasking('', ['hidden word']);
  const shown = events.map((event) => masking.take(event));
  const { evaluations } = masking.takePart();
  expect(evaluations.length).toBeGreaterThan(1);
  const file = writeExport([shown], { masked: true, evaluations: evaluations as unknown as Json });
  const stepper = createStepper(readFiles(file), { spacing: 4, most: 100 });
  expect(stepper.opened).toMatchObject({ masked: true, verification: { state: 'verified' } });
  // Each copy continues with the computation that is next.
  const straight = createStepper(readFiles(file), { spacing: 1000, most: 3 });
  for (const event of [events.length, 1, 7, 4, ...events.keys(), events.length]) {
    expect(stepper.stop({ ...WHOLE, event })).toEqual(straight.stop({ ...WHOLE, event }));
  }
  const { selected } = stepper.stop({ ...WHOLE, event: events.length, selected: 'first' });
  expect(selected?.task.input).toEqual({ size: 11 });
  expect(stepper.stop({ ...WHOLE, event: events.length, selected: 'second' }).selected?.task.input).toEqual({
    text: 'of ***',
  });
});

it('a long run is kept in a bounded number of copies, all over it', () => {
  const history = readFiles(writeExport([EVENTS]));
  const { copies, events } = recordRun(history, { spacing: 2, most: 4 });
  expect(copies.length).toBeLessThanOrEqual(4);
  expect([copies[0]!.at, copies.length > 2, copies.at(-1)!.at > events.length / 2]).toEqual([0, true, true]);
  expect(recordRun(history, { spacing: 2, most: 100 }).copies.length).toBeGreaterThan(4);
});

const [CHAIN, CHAINED] = [...RECORDED_CHAINS].find(([, names]) => names.length > 2)!;

it(`${CHAIN}: the runs of a chain are read one by one, and a later one begins with the state that it carries`, () => {
  const runs = CHAINED.map((name) => readEvents(name));
  const file = writeExport(runs);
  const parts = runs.map((_, index) => takeRun(file, index));
  expect(createStepper(readFiles(...parts)).opened).toEqual(createStepper(readFiles(file)).opened);
  const rest = createStepper(readFiles(...parts.slice(1)));
  expect(rest.opened).toMatchObject({ firstEvent: runs[0]!.length + 1, verification: { state: 'verified' } });
  const whole = createStepper(readFiles(file));
  const last = whole.opened.lastEvent;
  const [a, b] = [whole, rest].map((stepper) => stepper.stop({ ...WHOLE, event: last }));
  expect([b!.event, b!.status, b!.variables]).toEqual([last, a!.status, a!.variables]);
  // Numbers before the first event count as the first one.
  expect(rest.stop({ ...WHOLE, event: 1 }).event).toBe(rest.opened.firstEvent);
  expect(() => readFiles(parts[0]!, parts[2]!)).toThrow('run 2 of the chain does not follow run 0');
});
