import { createHash } from 'node:crypto';
import type { ParseJobs } from '../api/http/body-parser.ts';
import { AppError } from '../model/app-error.ts';
import type { JobPool, RunJob } from '../model/job-pool.ts';
import type { DefinitionJobs } from '../service/definitions/jobs.ts';
import type { StreamJobs } from '../service/executions/live-events/jobs.ts';
import type { GraphJobs } from '../service/graphs/jobs.ts';
import type { MaskingJobs } from '../service/histories/exports/jobs.ts';
import type { ProjectionJobs } from '../service/projections/jobs.ts';
import type { SimulationJobs } from '../service/simulations/simulation.ts';
import type { JobName, Jobs } from './job-types.ts';
import { decode, encode } from './messages.ts';
import { startThread, type Thread } from './thread.ts';
import { type Waiting, WaitingList } from './waiting-list.ts';

/**
 * The most jobs that wait, of one tenant and in all, and for how many milliseconds. A waiting job holds its input, up to 2 MiB; one for
 * the thread of a key holds nothing.
 */
export const WAITING = { tenant: 20, all: 200, keyed: { tenant: 200, all: 1_000 }, milliseconds: 10_000 };

/** The most milliseconds that a job may run. */
const DEADLINES: Record<JobName, number> = {
  parse: 5_000,
  format_yaml: 5_000,
  find_places: 5_000,
  complete: 5_000,
  examine: 5_000,
  find_outdated: 5_000,
  graph: 5_000,
  layout: 5_000,
  mermaid: 5_000,
  draw: 5_000,
  simulate: 10_000,
  find_unusable_schema: 5_000,
  open_history: 10_000,
  take_history: 10_000,
  show_history: 10_000,
  show_moment: 10_000,
  carry_history: 10_000,
  outline_retry: 10_000,
  list_tasks: 10_000,
  find_task: 10_000,
  read_log: 10_000,
  take_stream: 10_000,
  read_stream: 10_000,
  open_masking: 30_000,
  take_masking: 30_000,
  end_masking: 30_000,
};

/** The jobs whose inputs contain bytes and are not JSON. */
const TAKES_BYTES: ReadonlySet<JobName> = new Set([
  'parse',
  'take_history',
  'take_stream',
  'show_history',
  'outline_retry',
  'list_tasks',
  'find_task',
  'read_log',
  'take_masking',
]);

/** A pool for all jobs. */
export type RunningPool = JobPool<ParseJobs> &
  JobPool<DefinitionJobs> &
  JobPool<GraphJobs> &
  JobPool<SimulationJobs> &
  JobPool<ProjectionJobs> &
  JobPool<StreamJobs> &
  JobPool<MaskingJobs> &
  Ending;

interface Ending {
  /** Ends every thread; jobs that run or wait are refused as `busy`. */
  close(): Promise<void>;
}

/** A place for a thread, which starts with its first job. */
interface Slot {
  thread: Thread | null;
  /** The tenant whose job runs here; null: none. */
  tenant: string | null;
}

/** The slot that is used if it is free, and whether a job waits for it while others are free. */
interface Choice {
  readonly preferred: Slot | null;
  readonly waits: boolean;
}

const ANY: Choice = { preferred: null, waits: false };

interface Entry extends Waiting, Choice {
  begin(slot: Slot): void;
  refuse(error: AppError): void;
}

/**
 * Creates a pool of `size` threads, at least 2, that run the module that `source` returns. Tenants take turns; one of them never has
 * all threads, and at most half of them while others wait.
 */
export function createPool({
  source,
  size,
  deadlines = DEADLINES,
  waiting = WAITING,
}: {
  source: () => Promise<string>;
  size: number;
  deadlines?: Readonly<Record<string, number>>;
  waiting?: typeof WAITING;
}): RunningPool {
  const slots = Array.from({ length: size }, (): Slot => ({ thread: null, tenant: null }));
  const list = new WaitingList<Entry>();
  let closed = false;

  const runningOf = (tenant: string) => slots.filter((slot) => slot.tenant === tenant).length;
  const mayRun = ({ tenant }: Entry) => runningOf(tenant) < (list.hasOthers(tenant) ? Math.floor(size / 2) : size - 1);

  function dispatch(): void {
    // A thread that is running already begins a job sooner.
    const free = slots.filter(({ tenant }) => tenant === null).sort((a, b) => Number(isUp(b)) - Number(isUp(a)));
    while (free.length > 0) {
      // A job that waits for its slot holds up none of those behind it.
      const next = list.take((entry) => mayRun(entry) && (!entry.waits || free.includes(entry.preferred!)));
      if (next === undefined) return;
      const preferred = next.preferred === null ? -1 : free.indexOf(next.preferred);
      const [slot] = free.splice(Math.max(0, preferred), 1);
      slot!.tenant = next.tenant;
      next.begin(slot!);
    }
  }

  /** Waits for a slot. Throws `busy`. */
  function acquire(tenant: string, { preferred, waits }: Choice): Promise<Slot> {
    if (closed) throw stopping();
    const limits = preferred === null ? waiting : waiting.keyed;
    if (list.size >= limits.all || list.sizeOf(tenant) >= limits.tenant) throw busy();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => entry.refuse(busy()), waiting.milliseconds);
      const entry: Entry = {
        tenant,
        preferred,
        waits,
        begin(slot) {
          clearTimeout(timer);
          resolve(slot);
        },
        refuse(error) {
          clearTimeout(timer);
          list.remove(entry);
          reject(error);
        },
      };
      list.add(entry);
      dispatch();
    });
  }

  async function threadOf(slot: Slot): Promise<Thread> {
    if (slot.thread?.alive) return slot.thread;
    const thread = await startThread(await source());
    slot.thread = thread;
    if (!closed) return thread;
    await thread.end();
    throw stopping();
  }

  async function hold<T>(tenant: string, choice: Choice, work: (run: RunJob<Jobs>) => Promise<T>): Promise<T> {
    const slot = await acquire(tenant, choice);
    let spent = 0;
    try {
      const thread = await threadOf(slot);
      return await work(async (name, input) => {
        const began = performance.now();
        const message = { name, input: TAKES_BYTES.has(name) ? { value: input } : { json: encode(input) } };
        const result = await thread.run(message, deadlines[name]! - spent);
        spent += performance.now() - began;
        return decode(result) as never; // the job table matches names with results
      });
    } catch (error) {
      throw closed ? stopping() : error;
    } finally {
      slot.tenant = null;
      dispatch();
    }
  }

  const pool: JobPool<Jobs> & Ending = {
    run: (name, tenant, input) => hold(tenant, ANY, (run) => run(name, input)),

    runInThread: (tenant, key, work, { waits = false } = {}) =>
      hold(tenant, { preferred: slots[hashOf(key) % size]!, waits }, work),

    async close() {
      closed = true;
      for (const entry of list.clear()) entry.refuse(stopping());
      await Promise.all(slots.map(({ thread }) => thread?.end()));
    },
  };
  return pool as unknown as RunningPool; // TypeScript takes the names of jobs to be invariant
}

/** Returns a hash of a text. */
function hashOf(text: string): number {
  return createHash('sha1').update(text).digest().readUInt32BE();
}

function isUp({ thread }: Slot): boolean {
  return thread?.alive ?? false;
}

function busy(): AppError {
  return new AppError('busy', 'too much work is queued: try again later');
}

function stopping(): AppError {
  return new AppError('busy', 'the API is shutting down: try again');
}
