import type { TaskLine, TaskListPage } from '../../../client/shapes.ts';

/** Task executions in a list are read so many at a time. */
const READ_AT_ONCE = 500;

/** Task executions of a run, of which those are read that somebody wants to see, in the order in which they began. */
export interface PagedTasks {
  readonly rows: readonly TaskLine[];
  /** Whether all have been read. */
  readonly isComplete: boolean;
  /** How many there are, read or not; 0 before anything is read. */
  readonly total: number;
  /** Returns the place of a task execution that has been read; -1 for another. */
  indexOf(key: string): number;
  /** Has all be read up to an index. */
  demand(index: number): void;
  /** Reads again the pages in which something may have changed, and what has been added. */
  refresh(): void;
}

interface ListingPage {
  cursor: string | null;
  rows: readonly TaskLine[];
}

/** The surroundings of a list. */
export interface ListingOptions {
  /** Reads the page after a cursor. */
  read: (cursor: string | null, limit: number) => Promise<TaskListPage>;
  /** Reports whether a task execution belongs to the list. Without it, all do. */
  keep?: (line: TaskLine) => boolean;
  /** Called when something has been read. */
  onChange: () => void;
  /** Called when something could not be read. */
  onError: (error: unknown) => void;
}

/** Creates a list, of which one page is read at a time. */
export function createListing({ read, keep, onChange, onError }: ListingOptions): PagedTasks {
  const pages: ListingPage[] = [];
  let rows: TaskLine[] = [];
  let places = new Map<string, number>();
  /** The cursor of the page after those that have been read; undefined: there is none. */
  let next: string | null | undefined = null;
  let total = 0;
  let wanted = 0;
  const again = new Set<number>();
  let isReading = false;

  async function readPage(index: number): Promise<void> {
    const cursor = pages[index]?.cursor ?? next ?? null;
    const answer = await read(cursor, READ_AT_ONCE);
    pages[index] = { cursor, rows: answer.data };
    if (index === pages.length - 1) next = answer.next_cursor ?? undefined;
    total = answer.total;
    rows = pages.flatMap((page) => page.rows).filter((line) => keep?.(line) ?? true);
    places = new Map(rows.map(({ key }, place) => [key, place]));
    onChange();
  }

  function nextIndex(): number | undefined {
    const [stale] = again;
    if (stale !== undefined) {
      again.delete(stale);
      return stale;
    }
    return next !== undefined && pages.length * READ_AT_ONCE <= wanted ? pages.length : undefined;
  }

  async function work(): Promise<void> {
    if (isReading) return;
    isReading = true;
    try {
      for (let index = nextIndex(); index !== undefined; index = nextIndex()) await readPage(index);
    } catch (error) {
      onError(error);
    } finally {
      isReading = false;
    }
  }

  return {
    get rows() {
      return rows;
    },
    get isComplete() {
      return next === undefined;
    },
    get total() {
      return keep === undefined ? Math.max(total, rows.length) : rows.length;
    },
    indexOf: (key) => places.get(key) ?? -1,
    demand(index) {
      wanted = Math.max(wanted, index);
      void work();
    },
    refresh() {
      const last = pages.length - 1;
      pages.forEach((page, index) => {
        if (index === last || page.rows.some(({ ended }) => ended === null)) again.add(index);
      });
      void work();
    },
  };
}
