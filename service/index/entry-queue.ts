import { BoundedMap } from '../../model/bounded-map.ts';
import { type IndexEntry, isNotOlder } from '../../model/index-entry.ts';
import type { Logger } from '../../model/log.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import { createWriteQueue, type WriteQueue } from '../background/write-queues.ts';

/** The most characters of all queued entries: some 10,000 entries of usual size. */
const CAPACITY = 16_000_000;

/** Approximate characters of an entry without its texts. */
const ENTRY_SIZE = 1_000;

/** The most runs of which is remembered that the database has refused their entries. */
const MAX_REFUSED = 1_000;

/**
 * The entries of runs that requests have read, until they are in the index. An entry that is not taken, or is lost with the process, is
 * left to the reconciler.
 */
export interface EntryQueue extends WriteQueue<IndexEntry> {
  /** Reports whether the database has refused the newest entry of a run that was written: waiting for its row is of no use. */
  isRefused(workflowId: string): boolean;
}

/** The dependencies of the queue. */
export interface EntryQueueDependencies {
  store: Pick<ExecutionStore, 'write'>;
  log: Logger;
}

/** Creates the queue. An entry that the database refuses is logged and left out. */
export function createEntryQueue({ store, log }: EntryQueueDependencies): EntryQueue {
  const refused = new BoundedMap<string, true>(MAX_REFUSED);
  const queue = createWriteQueue<IndexEntry>({
    keyOf: ({ namespace, workflowId }) => `${namespace} ${workflowId}`,
    replaces: isNotOlder,
    weigh: ({ input, result, error }) =>
      [input, result, error].reduce((sum, text) => sum + (text?.length ?? 0), ENTRY_SIZE),
    capacity: CAPACITY,
    async write(entries) {
      const left = await store.write(entries);
      for (const { workflowId } of entries) refused.delete(workflowId);
      for (const { entry, error } of left) {
        refused.set(entry.workflowId, true);
        log.error(
          { err: error, workflow_id: entry.workflowId },
          'a run that was read could not be written to the index',
        );
      }
    },
    log,
    trouble: 'runs that were read cannot be written to the index; trying again',
    full: 'too many runs were read before they could be written to the index; the reconciler will find them',
  });
  return { ...queue, isRefused: (workflowId) => refused.has(workflowId) };
}

/** Returns a store whose lists, counts and changes wait for the queued entries of their tenant, so that none is behind what a caller has seen. */
export function awaitEntries(store: ExecutionStore, entries: Pick<EntryQueue, 'written'>): ExecutionStore {
  const after =
    <Rest extends unknown[], Found>(
      find: (tenant: string, ...rest: Rest) => Promise<Found>,
      matters: (entry: IndexEntry) => boolean = () => true,
    ) =>
    async (tenant: string, ...rest: Rest): Promise<Found> => {
      await entries.written((entry) => entry.tenant === tenant && matters(entry));
      return find(tenant, ...rest);
    };
  return {
    ...store,
    async noteEnders(owner, workflowId, subjects) {
      await entries.written((entry) => entry.workflowId === workflowId);
      return store.noteEnders(owner, workflowId, subjects);
    },
    list: after(store.list),
    readOn: after(store.readOn),
    hasMany: after(store.hasMany),
    numbersOf: after(store.numbersOf),
    count: after(store.count),
    countByStatus: after(store.countByStatus),
    errorGroups: after(store.errorGroups),
    retriesOf: after(store.retriesOf, ({ retryOf }) => retryOf !== null),
  };
}
