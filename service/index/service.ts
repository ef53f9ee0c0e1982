import type { Principal } from '../../model/principal.ts';
import { demandHome } from '../access/principals.ts';
import type { EntryQueue } from './entry-queue.ts';
import type { IndexKeeper } from './reconciler.ts';

/** The state of the index as this process keeps it. Times in milliseconds. */
export interface IndexState {
  /** How far lists may lag behind Temporal; null before the first round. */
  lag: number | null;
  /** How long no round has succeeded; null while rounds succeed. */
  standing: number | null;
  /** The number of runs that cannot be written and are tried again. */
  setAside: number;
  /** The number of runs that were read and are not written yet. */
  queued: number;
}

/** Shows the state of the index, and rebuilds it. */
export interface IndexService {
  /** Returns the state of this process's reconciler. */
  state(): IndexState;
  /** Returns the last rebuild that was requested and the last one that was completed. */
  rebuilds(): Promise<{ generation: number; rebuilt: number }>;
  /** Requests a rebuild of the whole index from Temporal. Throws `forbidden` unless the caller is an admin of the default tenant. */
  askRebuild(caller: Principal): Promise<void>;
}

/** Creates the service over this process's reconciler and its queue. */
export function createIndexService(keeper: IndexKeeper, entries: Pick<EntryQueue, 'size'>): IndexService {
  return {
    state: () => ({
      lag: keeper.lag(),
      standing: keeper.standing(),
      setAside: keeper.setAside(),
      queued: entries.size(),
    }),

    rebuilds: () => keeper.rebuilds(),

    async askRebuild(caller) {
      demandHome(caller, 'rebuild the index, which all tenants share');
      await keeper.askRebuild();
    },
  };
}
