import { AppError } from '../model/app-error.ts';
import type { JobName, Pool } from '../service/pool.ts';
import { decode, encode } from './messages.ts';
import { startThread, type Thread } from './thread.ts';
import { type Waiting, WaitingList } from './waiting-list.ts';

/** How many jobs may wait, of one tenant and in all, and for how many milliseconds. */
export const WAITING = { tenant: 20, all: 200, milliseconds: 10_000 };

/** Milliseconds of execution that a job may take. */
const DEADLINES: Record<JobName, number> = { examine: 5_000, simulate: 10_000 };

/** A pool that can be ended. */
export interface RunningPool extends Pool {
  /** Ends every thread; a job that runs or waits is refused as `busy`. */
  close(): Promise<void>;
}

/** A place for a thread, which is started when the first job comes. */
interface Slot {
  thread: Thread | null;
  /** The tenant whose job runs here; null while there is none. */
  tenant: string | null;
}

interface Entry extends Waiting {
  begin(slot: Slot): void;
  refuse(error: AppError): void;
}

/**
 * Creates a pool of `size` threads, 2 at least, that run the module which `source` gives. Tenants take turns; one of them never has
 * all threads, and no more than half of them while others wait.
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
    // Where a thread has been started already a job begins sooner.
    const free = slots.filter(({ tenant }) => tenant === null).sort((a, b) => Number(isUp(b)) - Number(isUp(a)));
    for (const slot of free) {
      const next = list.take(mayRun);
      if (next === undefined) return;
      slot.tenant = next.tenant;
      next.begin(slot);
    }
  }

  /** Waits for a slot. Throws `busy`. */
  function acquire(tenant: string): Promise<Slot> {
    if (closed) throw stopping();
    if (list.size >= waiting.all || list.sizeOf(tenant) >= waiting.tenant) throw busy();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => entry.refuse(busy()), waiting.milliseconds);
      const entry: Entry = {
        tenant,
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

  return {
    async run(name, tenant, input) {
      const slot = await acquire(tenant);
      try {
        const thread = await threadOf(slot);
        const result = await thread.run({ name, input: encode(input) }, deadlines[name]!);
        return decode(result) as never; // the job table matches names with results
      } catch (error) {
        throw closed ? stopping() : error;
      } finally {
        slot.tenant = null;
        dispatch();
      }
    },

    async close() {
      closed = true;
      for (const entry of list.clear()) entry.refuse(stopping());
      await Promise.all(slots.map(({ thread }) => thread?.end()));
    },
  };
}

function isUp({ thread }: Slot): boolean {
  return thread?.alive ?? false;
}

function busy(): AppError {
  return new AppError('busy', 'too much work waits to be done; try again later');
}

function stopping(): AppError {
  return new AppError('busy', 'the API is stopping; try again');
}
