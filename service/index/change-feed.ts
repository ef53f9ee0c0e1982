import type { Logger } from '../../model/log.ts';
import type { Principal } from '../../model/principal.ts';
import type { IndexRow } from '../../store/executions/execution-rows.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import { type Change, createChangeFeeds, type Watched } from '../background/change-feeds.ts';
import { type ListedExecution, listedRun } from './rows.ts';

/** A run that has changed, as it is now; `id` denotes the place of the change, to resume after it. */
export interface ChangeEntry {
  id: string;
  run: ListedExecution;
}

/** Streams the changes of all runs of a tenant while they happen. */
export interface ChangeService {
  /**
   * Streams every change after an entry, or from now on, until the signal is aborted. A run that has changed several times in between
   * appears once, as it is. Throws `request_invalid` for an id that no entry has.
   */
  watch(
    principal: Principal,
    options: { after?: string | undefined; signal: AbortSignal },
  ): Promise<Watched<ChangeEntry>>;
  /** Ends every stream. */
  close(): void;
}

/** The dependencies of the service. */
export interface ChangeDependencies {
  store: Pick<ExecutionStore, 'changesBehind' | 'moment'>;
  log: Logger;
}

/** Creates the service. */
export function createChangeService({ store, log }: ChangeDependencies): ChangeService {
  const feeds = createChangeFeeds(store, log);
  return {
    async watch({ tenant }, options) {
      const { start, entries } = await feeds.watch(tenant, options);
      return { start, entries: listed(entries) };
    },

    close: feeds.close,
  };
}

async function* listed(changes: AsyncGenerator<Change<IndexRow>>): AsyncGenerator<ChangeEntry> {
  for await (const { id, row } of changes) yield { id, run: listedRun(row) };
}
