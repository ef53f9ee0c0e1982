import { AppError } from '../../model/app-error.ts';
import { readRuleName } from '../../model/events/filters.ts';
import type { ExecutionFilterRequest } from '../../model/execution-filter.ts';
import { integerId, parseExecutionId } from '../../model/execution-id.ts';
import { didYouMean } from '../../model/issue.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import {
  countedAs,
  type ExecutionStatus,
  STATUS_FILTER_WORDS,
  type StatusDialect,
  statusesNamed,
} from '../../model/status.ts';
import type { DefinitionStore, WorkflowName } from '../../store/definitions/definitions.ts';
import type { ErrorGroup, Grouping } from '../../store/executions/execution-counts.ts';
import type { ExecutionFilter } from '../../store/executions/execution-filters.ts';
import type { Cursor, PageWindow } from '../../store/executions/execution-pages.ts';
import type { IndexRow } from '../../store/executions/execution-rows.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import { cursorText, errorCursorText, readCursor, readErrorCursor } from './cursors.ts';

/** Statistics by outcome, as the Executions API counts: every key is present, and all but `total` add up to it. */
export type ExecutionStats = Record<ReturnType<typeof countedAs> | 'total', number>;

/** Statistics of one group. */
export interface StatsGroup extends ExecutionStats {
  key: string;
}

/**
 * A page of a list; `total` counts all that match, or is a lower bound of their number if there are many, and `nextCursor` is null on
 * the last page.
 */
export interface ExecutionPage {
  rows: IndexRow[];
  total: number;
  isLowerBound: boolean;
  nextCursor: string | null;
}

/** A retry: the integer ids of the run that it retries and of itself, and its status. */
export interface RetrySummary {
  of: number;
  id: number;
  status: ExecutionStatus;
}

/** The part that a text must contain for an index to find it. */
const INDEXED_PART = /[\p{L}\p{N}]{3}/u;

/** Rows that an export reads at a time. */
const EXPORT_PAGE = 100;

/** Lists and counts runs from the index; callers see only those of their tenant. */
export interface ExecutionLists {
  /**
   * Returns the filter that a caller asks for, in a field of the request or in all of it (''). Throws `status_invalid`, and
   * `request_invalid` for a parent that can be no run and for a text that no index can find among many runs.
   */
  filterOf(principal: Principal, request: ExecutionFilterRequest, field: '' | '/filter'): Promise<ExecutionFilter>;
  /** Lists a page of runs, newest first. */
  list(principal: Principal, filter: ExecutionFilter, page: { offset: number; limit: number }): Promise<ExecutionPage>;
  /** Lists the runs after a cursor, or the newest; no run is repeated or skipped while others start and end. */
  listBehind(
    principal: Principal,
    filter: ExecutionFilter,
    page: { cursor: string | undefined; limit: number },
  ): Promise<ExecutionPage>;
  /** Finds the retries of runs, and theirs, by the number of the run. */
  retriesOf(principal: Principal, rows: readonly IndexRow[]): Promise<Map<number, RetrySummary[]>>;
  /** Returns a function that names the workflow of a run, as far as its revision is still stored. */
  namesOf(principal: Principal, rows: readonly IndexRow[]): Promise<(row: IndexRow) => WorkflowName | undefined>;
  /** Lists all runs that match, newest first, a hundred at a time. */
  exportRows(principal: Principal, filter: ExecutionFilter): AsyncGenerator<IndexRow[]>;
  /**
   * Counts runs by outcome, in all and, with a grouping, in each group. Where the numbers of a filter are not kept, at most 10,000 runs
   * that match are counted; `isLowerBound` if there are more.
   */
  stats(
    principal: Principal,
    filter: ExecutionFilter,
    grouping: Grouping | null,
  ): Promise<{ all: ExecutionStats; groups: StatsGroup[]; isLowerBound: boolean }>;
  /**
   * Groups the newest 10,000 runs that match and have an error by what their errors have in common, the most frequent ones first;
   * `isLowerBound` if there are more.
   */
  errors(
    principal: Principal,
    filter: ExecutionFilter,
    page: { cursor: string | undefined; limit: number },
  ): Promise<{ groups: ErrorGroup[]; nextCursor: string | null; isLowerBound: boolean }>;
}

/** The dependencies of the service. */
export interface ListDependencies {
  store: ExecutionStore;
  definitions: Pick<DefinitionStore, 'names'>;
  namespace: string;
}

/** Creates the service for the runs of a namespace. */
export function createExecutionLists({ store, definitions, namespace }: ListDependencies): ExecutionLists {
  /** Returns the integer id that an id of a run in any form means; undefined where it can be the id of none. */
  async function idOf({ tenant }: Principal, text: string): Promise<number | undefined> {
    const id = parseExecutionId(text);
    if (id !== undefined) return integerId(id.n, id.visit);
    // A run that a schedule or another client has started has an id of another form, which only the index knows.
    const row = /^\d+$/.test(text) ? null : await store.findByWorkflowId(namespace, text);
    return row?.tenant === tenant ? integerId(row.n) : undefined;
  }

  /** Throws `request_invalid` for texts that no index can find, unless the other filters leave few runs to read. */
  async function demandFindable(
    { tenant }: Principal,
    { resultContains, search, ...others }: ExecutionFilter,
    field: string,
  ): Promise<void> {
    if (search !== undefined && 'n' in search) return;
    const texts = Object.entries({ result_contains: resultContains, search: search?.text });
    const given = texts.filter(([, text]) => text !== undefined);
    if (given.length === 0 || given.some(([, text]) => INDEXED_PART.test(text!))) return;
    if (await store.hasMany(tenant, others)) throw tooShort(`${field}/${given[0]![0]}`);
  }

  async function pageOf(tenant: string, filter: ExecutionFilter, window: PageWindow): Promise<ExecutionPage> {
    // One row more shows whether there is another page.
    const { rows: found, ...counted } = await store.list(tenant, filter, { ...window, limit: window.limit + 1 });
    const rows = found.slice(0, window.limit);
    return { rows, ...counted, nextCursor: found.length > rows.length ? cursorBehind(rows) : null };
  }

  return {
    async filterOf(principal, request, field) {
      const { status, action_ref, pack_name, result_contains, enforcement, event, rule } = request;
      const { parent, executor, search, error } = request;
      const above = parent === undefined ? undefined : await idOf(principal, String(parent));
      if (parent !== undefined && above === undefined) {
        const message = 'is not the id of an execution';
        throw refusal('request_invalid', [{ code: 'value_invalid', path: `${field}/parent`, message }]);
      }
      const filter = {
        statuses: status === undefined ? undefined : statusesMeant(status),
        actionRef: action_ref,
        packName: pack_name,
        resultContains: result_contains,
        enforcement,
        event,
        rule: rule === undefined ? undefined : readRuleName(rule),
        parent: above,
        executor,
        fingerprint: error,
        createdAfter: request.created_after,
        createdBefore: request.created_before,
        search: search === undefined ? undefined : searchOf(search),
      };
      await demandFindable(principal, filter, field);
      return filter;
    },

    async list({ tenant }, filter, { offset, limit }) {
      return pageOf(tenant, filter, { offset, limit });
    },

    async listBehind({ tenant }, filter, { cursor, limit }) {
      return pageOf(tenant, filter, { cursor: cursor === undefined ? null : parseCursor(cursor), limit });
    },

    async retriesOf({ tenant }, rows) {
      const numbers = new Map(rows.map(({ n }) => [integerId(n), n]));
      const retries = new Map<number, RetrySummary[]>();
      for (const { origin, of, n, status } of await store.retriesOf(tenant, [...numbers.keys()])) {
        const run = numbers.get(origin)!;
        retries.set(run, [...(retries.get(run) ?? []), { of, id: integerId(n), status }]);
      }
      return retries;
    },

    async namesOf({ tenant }, rows) {
      const keyOf = (id: number | null, revision: number | null) => `${id} ${revision}`;
      const wanted = new Map<string, { id: number; revision: number }>();
      for (const { definition: id, revision } of rows) {
        if (id !== null && revision !== null) wanted.set(keyOf(id, revision), { id, revision });
      }
      const found = await definitions.names(tenant, [...wanted.values()]);
      const names = new Map(found.map((name) => [keyOf(name.id, name.revision), name]));
      return ({ definition, revision }) => names.get(keyOf(definition, revision));
    },

    async *exportRows({ tenant }, filter) {
      let cursor: Cursor | null = null;
      for (;;) {
        const rows: IndexRow[] = await store.readOn(tenant, filter, { cursor, limit: EXPORT_PAGE });
        if (rows.length > 0) yield rows;
        cursor = lastOf(rows);
        if (cursor === null || rows.length < EXPORT_PAGE) return;
      }
    },

    async stats({ tenant }, filter, grouping) {
      const all = noRuns();
      const groups = new Map<string, StatsGroup>();
      const counted = await store.countByStatus(tenant, filter, grouping);
      for (const { key, status, total } of counted.groups) {
        const group = groups.get(key) ?? { key, ...noRuns() };
        groups.set(key, group);
        for (const stats of [all, group]) {
          stats.total += total;
          stats[countedAs(status)] += total;
        }
      }
      return { all, groups: [...groups.values()], isLowerBound: counted.isLowerBound };
    },

    async errors({ tenant }, filter, { cursor, limit }) {
      const after = cursor === undefined ? null : readErrorCursor(cursor);
      const { groups: found, isLowerBound } = await store.errorGroups(tenant, filter, { after, limit: limit + 1 });
      const groups = found.slice(0, limit);
      const last = groups.at(-1);
      const isLast = last === undefined || found.length <= limit;
      return { groups, nextCursor: isLast ? null : errorCursorText(last), isLowerBound };
    },
  };
}

/**
 * Returns the statuses that a word of a filter means, in the vocabulary of any interface, that of `dialect` first. Throws
 * `status_invalid`.
 */
export function statusesMeant(word: string, dialect?: StatusDialect): ExecutionStatus[] {
  const statuses = statusesNamed(word, dialect);
  if (statuses !== undefined) return statuses;
  const hint = didYouMean(word, STATUS_FILTER_WORDS);
  throw new AppError('status_invalid', `Invalid execution status: ${word}${hint === '' ? '' : `.${hint}`}`);
}

function searchOf(text: string): { n: number } | { text: string } {
  const id = parseExecutionId(text);
  return id === undefined ? { text } : { n: id.n };
}

function noRuns(): ExecutionStats {
  return { total: 0, completed: 0, failed: 0, running: 0, pending: 0, cancelled: 0, timeout: 0, abandoned: 0 };
}

/** Returns the place after the last row; null without rows. */
function lastOf(rows: readonly IndexRow[]): Cursor | null {
  const last = rows.at(-1);
  return last === undefined ? null : { listed: last.listed.getTime(), n: last.n };
}

function cursorBehind(rows: readonly IndexRow[]): string | null {
  const last = lastOf(rows);
  return last === null ? null : cursorText(last.listed, last.n);
}

function tooShort(path: string): AppError {
  const message =
    'needs three letters or digits in a row, or other filters that at most 10,000 executions match, such as created_after';
  return refusal('request_invalid', [{ code: 'value_invalid', path, message }]);
}

function parseCursor(text: string): Cursor {
  const [listed, n] = readCursor(text);
  return { listed, n };
}
