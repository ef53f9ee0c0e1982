import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createHistoryReader } from '../../console/debugger/history-file.ts';
import type { Stop } from '../../console/debugger/protocol.ts';
import { createStepper, type Stepper } from '../../console/debugger/stepper.ts';
import type { Definition } from '../../model/definition.ts';
import { writeExport } from '../../test/console/debugger/histories.ts';
import { madeHistories, madeRun } from '../../test/fixtures/made.ts';
import { createRandom } from '../../test/seed.ts';

/** The cost of debugging one run in one thread: milliseconds of CPU, those of stops in order, and mebibytes. */
export interface DebuggedRun {
  what: string;
  events: number;
  tasks: number;
  read: number;
  recompute: number;
  jump: number[];
  forward: number[];
  back: number[];
  find: number[];
  heap: number;
}

const act = (rest: object) => ({ name: 'a', action: 'bench.act', ...rest });

/** Runs of about so many events: a loop, whose rounds are visits, and one task with many items. */
function makeRuns(events: number): { what: string; definition: Definition }[] {
  // The schedule, start and end of an activity, and those of a workflow task.
  const rounds = Math.floor(events / 6);
  const loop = [
    act({ publish: { n: '{{ n + 1 }}' }, next: [{ when: `n < ${rounds}`, do: 'a' }, { when: `n >= ${rounds}` }] }),
  ];
  return [
    { what: 'a loop', definition: { variables: { n: 0 }, start: ['a'], tasks: loop } as Definition },
    {
      what: 'a task with items',
      definition: {
        tasks: [act({ with_items: `{{ range(${Math.floor(events / 3)}) }}`, input: { item: '{{ item }}' } })],
      } as Definition,
    },
  ];
}

/** Returns the files of the histories of runs of about so many events. */
export function makeFiles(events: number): { what: string; file: string }[] {
  return makeRuns(events).map(({ what, definition }) => ({
    what,
    file: writeExport(madeHistories(madeRun(definition))),
  }));
}

/** Measures the debugger with runs of about so many events, and so many stops of each kind. */
export function measureDebugger(events: number, stops: number): DebuggedRun[] {
  return makeFiles(events).map(({ what, file }) => {
    const before = heapUsed();
    const read = spent(() => {
      const reader = createHistoryReader();
      reader.read(file);
      return reader.end();
    });
    const recompute = spent(() => createStepper(read.result));
    const measured = measureStops(recompute.result, stops);
    const heap = (heapUsed() - before) / 2 ** 20;
    // The run is alive until here.
    const tasks = goTo(recompute.result, measured.events).tasks.total;
    return { what, tasks, read: read.cpu, recompute: recompute.cpu, heap, ...measured };
  });
}

function measureStops(stepper: Stepper, stops: number) {
  const { lastEvent: events } = stepper.opened;
  const random = createRandom();
  const anywhere = () => 1 + Math.floor(random() * events);
  const stop = (event: number) => goTo(stepper, event);
  const each = (one: (event: number) => unknown, next: (event: number) => number) => {
    let event = anywhere();
    stop(event);
    return Array.from({ length: stops }, () => {
      event = next(event);
      return spent(() => one(event)).cpu;
    }).sort((a, b) => a - b);
  };
  // Code is as warm as in the middle of a session.
  each(stop, anywhere);
  return {
    events,
    jump: each(stop, anywhere),
    forward: each(stop, (event) => (event % events) + 1),
    back: each(stop, (event) => (event > 1 ? event - 1 : events)),
    find: each((from) => stepper.find({ from, direction: 'next', of: { kind: 'tasks' } }), anywhere),
  };
}

function goTo(stepper: Stepper, event: number): Stop {
  return stepper.stop({ event, rows: { offset: null, limit: 25 }, selected: null });
}

/** Runs something, and returns the milliseconds of CPU that it took. */
function spent<T>(work: () => T): { result: T; cpu: number } {
  const begun = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(begun);
  return { result, cpu: (user + system) / 1000 };
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed: heap, arrayBuffers } = process.memoryUsage();
  return heap + arrayBuffers;
}
