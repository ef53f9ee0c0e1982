import type { Run, TaskLine, TaskListPage } from '../../../client/shapes.ts';
import { attemptKey, type Entry, type TimelineAttempt } from './entry.ts';
import { createListing, type PagedTasks } from './listing.ts';
import { createReader } from './reader.ts';
import type { Branch, RowSource } from './tree.ts';

/** The words of the combobox that says which rows are shown. */
export const CHOICES = ['all', 'failed', 'running', 'waiting'] as const;

/** The rows that are shown. */
export type Choice = (typeof CHOICES)[number];

/** The query that lists the task executions of a choice. Items stand next to their visits where not all visits are listed. */
const QUERIES: Record<Choice, Record<string, string>> = {
  all: {},
  failed: { status: 'failed,timeout,abandoned', parent_key: '*' },
  running: { status: 'scheduled,running', parent_key: '*' },
  waiting: { status: 'scheduled,running', parent_key: '*' },
};

/** The index up to which open task executions are looked at to find those that wait for something. */
const LOOKED_AT = 9_999;

/** The timeline of a run as it is read. */
export interface Sources {
  /** All visits, or the task executions of a choice. */
  listing: PagedTasks;
  root: Branch;
  /** Opens what is below an entry. */
  open(branch: Branch, line: TaskLine): void;
}

/** The surroundings of what is read. */
interface SourcesOptions {
  /** The path of the run in the API. */
  path: string;
  choice: Choice;
  request: (path: string) => Promise<unknown>;
  /** Aborted when nobody wants to see the timeline any more. */
  signal: AbortSignal;
  /** Called when something has been read, or could not be. */
  onChange: () => void;
}

/** Creates the timeline of a run, and begins to read it. */
export function createSources({ path, choice, request, signal, onChange }: SourcesOptions): Sources {
  const list = (query: Record<string, string>, options: { isChanging: boolean; keep?: (line: TaskLine) => boolean }) =>
    createListing({
      ...options,
      read: (cursor, limit) => {
        const asked = new URLSearchParams({ ...query, limit: String(limit), ...(cursor === null ? {} : { cursor }) });
        return request(`${path}/tasks?${asked}`) as Promise<TaskListPage>;
      },
      signal,
      onChange,
    });
  const listAttempts = (line: TaskLine) => {
    const read = async () => {
      const answer = (await request(`${path}/tasks/${encodeURIComponent(line.key)}?view=lean`)) as { data: Run };
      return answer.data.attempts ?? [];
    };
    return createAttempts(line, { read, signal, onChange });
  };
  const isChosen = choice !== 'all';
  const listing = list(QUERIES[choice], {
    isChanging: isChosen,
    ...(choice === 'waiting' ? { keep: ({ waiting }) => waiting !== null } : {}),
  });
  listing.demand(choice === 'waiting' ? LOOKED_AT : 0);
  return {
    listing,
    root: { source: listSource(listing), hasItems: isChosen, open: new Map() },
    open(branch, line) {
      const source =
        line.items === null
          ? listAttempts(line)
          : listSource(list({ parent_key: line.key }, { isChanging: false }), line.items.total);
      branch.open.set(line.key, { source, hasItems: false, open: new Map() });
      source.demand(0);
    },
  };
}

/** Makes a list the source of rows; `expected` is how many there are likely to be, before anything is read. */
function listSource(listing: PagedTasks, expected = 0): RowSource {
  return {
    get total() {
      return listing.rows.length === 0 && !listing.isComplete ? expected : listing.total;
    },
    at: (index) => {
      const line = listing.rows[index];
      return line && { kind: 'task', line };
    },
    get error() {
      return listing.error;
    },
    indexOf: (key) => listing.indexOf(key),
    demand: (index) => listing.demand(index),
    refresh: () => listing.refresh(),
  };
}

interface AttemptsOptions extends Pick<SourcesOptions, 'signal' | 'onChange'> {
  read: () => Promise<TimelineAttempt[]>;
}

function createAttempts(line: TaskLine, { read, signal, onChange }: AttemptsOptions): RowSource {
  let attempts: TimelineAttempt[] | null = null;
  let isStale = true;
  const readAll = async () => {
    isStale = false;
    attempts = await read();
  };
  const reader = createReader({ next: () => (isStale ? readAll() : null), signal, onChange });
  return {
    get total() {
      return attempts?.length ?? line.attempts;
    },
    get error() {
      return reader.error;
    },
    at: (index): Entry | undefined => {
      const attempt = attempts?.[index];
      return attempt && { kind: 'attempt', line, attempt };
    },
    indexOf: (key) => (attempts ?? []).findIndex(({ attempt }) => attemptKey(line.key, attempt) === key),
    demand: () => reader.demand(),
    refresh() {
      isStale = true;
      void reader.refresh();
    },
  };
}
