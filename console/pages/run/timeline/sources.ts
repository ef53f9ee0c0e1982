import type { Run, TaskLine, TaskListPage } from '../../../client/shapes.ts';
import { createListing, type PagedTasks } from './listing.ts';
import type { Branch, Entry, RowSource, TimelineAttempt } from './tree.ts';

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

/** How many open task executions are looked at to find those that wait for something. */
const LOOKED_AT = 10_000;

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
  onChange: () => void;
  onError: (error: unknown) => void;
}

/** Creates the timeline of a run, and begins to read it. */
export function createSources({ path, choice, request, onChange, onError }: SourcesOptions): Sources {
  const list = (query: Record<string, string>, keep?: (line: TaskLine) => boolean) =>
    createListing({
      read: (cursor, limit) => {
        const asked = new URLSearchParams({ ...query, limit: String(limit), ...(cursor === null ? {} : { cursor }) });
        return request(`${path}/tasks?${asked}`) as Promise<TaskListPage>;
      },
      ...(keep === undefined ? {} : { keep }),
      onChange,
      onError,
    });
  const readTask = async (key: string) => {
    const answer = (await request(`${path}/tasks/${encodeURIComponent(key)}?view=lean`)) as { data: Run };
    return answer.data.attempts ?? [];
  };
  const listing =
    choice === 'waiting' ? list(QUERIES.waiting, ({ waiting }) => waiting !== null) : list(QUERIES[choice]);
  listing.demand(choice === 'waiting' ? LOOKED_AT : 0);
  return {
    listing,
    root: { source: listSource(listing), open: new Map() },
    open(branch, line) {
      const source =
        line.items === null
          ? createAttempts(line, readTask, onChange, onError)
          : listSource(list({ parent_key: line.key }), line.items.total);
      branch.open.set(line.key, { source, open: new Map() });
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
    indexOf: (key) => listing.indexOf(key),
    demand: (index) => listing.demand(index),
    refresh: () => listing.refresh(),
  };
}

function createAttempts(
  line: TaskLine,
  read: (key: string) => Promise<TimelineAttempt[]>,
  onChange: () => void,
  onError: (error: unknown) => void,
): RowSource {
  let attempts: TimelineAttempt[] | null = null;
  const refresh = () => {
    read(line.key).then((found) => {
      attempts = found;
      onChange();
    }, onError);
  };
  return {
    get total() {
      return attempts?.length ?? line.attempts;
    },
    at: (index): Entry | undefined => {
      const attempt = attempts?.[index];
      return attempt && { kind: 'attempt', line, attempt };
    },
    indexOf: (key) => (attempts ?? []).findIndex(({ attempt }) => `${line.key}~${attempt}` === key),
    demand: () => attempts === null && refresh(),
    refresh,
  };
}
