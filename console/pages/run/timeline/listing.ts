import type { RequestError } from '../../../client/request-error.ts';
import { createRounds } from '../../../client/rounds.ts';
import type { TaskLine, TaskListPage } from '../../../client/shapes.ts';
import { createReader } from './reader.ts';

/** Task executions in a list are read so many at a time. */
const READ_AT_ONCE = 500;

/** Milliseconds that a list rests for each page that it has read again, before it is read again once more. */
const REST = 200;

/** Task executions of a run, of which those are read that somebody wants to see, in the order in which they began. */
export interface PagedTasks {
  readonly rows: readonly TaskLine[];
  /** Whether all have been read. */
  readonly isComplete: boolean;
  /** How many there are, read or not; 0 before anything is read. */
  readonly total: number;
  /** Why the last read failed; null where it did not. */
  readonly error: RequestError | null;
  /** Returns the place of a task execution that has been read; -1 for another. */
  indexOf(key: string): number;
  /** Has all be read up to an index, unless the last read failed. */
  demand(index: number): void;
  /** Reads again the pages in which something may have changed, and what has been added; also after a failure. */
  refresh(): void;
}

interface ListingPage {
  lines: readonly TaskLine[];
  /** The cursor of the page after it; null on the last. */
  next: string | null;
}

/** The surroundings of a list. */
export interface ListingOptions {
  /** Reads the page after a cursor. */
  read: (cursor: string | null, limit: number) => Promise<TaskListPage>;
  /**
   * Whether task executions come and go anywhere in the list, as they do where it is one of states. All of it is read again then: others only
   * grow at their end.
   */
  isChanging: boolean;
  /** Reports whether a task execution belongs to the list. Without it, all do. */
  keep?: (line: TaskLine) => boolean;
  /** Aborted when nobody wants to see the list any more. */
  signal: AbortSignal;
  /** Called when something has been read, or could not be. */
  onChange: () => void;
}

/** Creates a list, of which one page is read at a time. */
export function createListing({ read, isChanging, keep, signal, onChange }: ListingOptions): PagedTasks {
  let pages: ListingPage[] = [];
  let rows: TaskLine[] = [];
  let places = new Map<string, number>();
  let total = 0;
  /** How many lines have been read, whether they belong to the list or not. */
  let known = 0;
  let wanted = 0;
  /** The indexes of pages to read again. */
  let stale: number[] = [];
  /** Whether all pages are to be read again. */
  let isStale = false;
  /** How many pages the round has read. */
  let reads = 0;

  const reader = createReader({ next, signal, onChange });
  const ask = createRounds(async () => {
    reads = 0;
    if (isChanging) isStale = true;
    else stale = listStale(pages);
    await reader.refresh();
    if (reader.error === null) await new Promise((rested) => setTimeout(rested, reads * REST));
  }, signal);

  function next(): Promise<void> | null {
    if (isStale) {
      isStale = false;
      return readAgain();
    }
    const index = stale.shift();
    if (index !== undefined) return readPage(index);
    return pages.at(-1)?.next === null || known > wanted ? null : readPage(pages.length);
  }

  async function readAfter(page: ListingPage | undefined): Promise<ListingPage> {
    reads += 1;
    const answer = await read(page?.next ?? null, READ_AT_ONCE);
    total = answer.total;
    return { lines: answer.data, next: answer.next_cursor };
  }

  async function readPage(index: number): Promise<void> {
    const page = await readAfter(pages[index - 1]);
    take(pages.toSpliced(index, 1, page));
  }

  /** Reads as many pages as before, each after what is now the one before it. */
  async function readAgain(): Promise<void> {
    const found = [await readAfter(undefined)];
    while (found.length < pages.length && found.at(-1)!.next !== null) found.push(await readAfter(found.at(-1)));
    take(found);
  }

  function take(found: ListingPage[]): void {
    pages = found;
    // A task execution that moves while its list is read may be on two pages.
    const lines = new Map(pages.flatMap((page) => page.lines.map((line) => [line.key, line])));
    known = lines.size;
    rows = [...lines.values()].filter((line) => keep?.(line) ?? true);
    places = new Map(rows.map(({ key }, place) => [key, place]));
  }

  function isComplete(): boolean {
    return pages.at(-1)?.next === null;
  }

  return {
    get rows() {
      return rows;
    },
    get isComplete() {
      return isComplete();
    },
    get total() {
      return keep === undefined && !isComplete() ? Math.max(total, rows.length) : rows.length;
    },
    get error() {
      return reader.error;
    },
    indexOf: (key) => places.get(key) ?? -1,
    demand(index) {
      wanted = Math.max(wanted, index);
      reader.demand();
    },
    refresh: () => ask(true),
  };
}

/** Returns the indexes of the pages in which something may have changed, and of the last one. */
function listStale(pages: readonly ListingPage[]): number[] {
  const last = pages.length - 1;
  return pages.flatMap(({ lines }, index) =>
    index === last || lines.some(({ ended }) => ended === null) ? [index] : [],
  );
}
