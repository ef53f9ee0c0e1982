import type { Principal } from '../../model/principal.ts';
import { demandHome } from '../access/principals.ts';
import type { IndexKeeper } from './keeper.ts';

/** How the index of this process stands. Milliseconds. */
export interface IndexState {
  /** By how much lists may be behind Temporal; null before the first look. */
  lag: number | null;
  /** For how long no round has succeeded; null while rounds succeed. */
  standing: number | null;
  /** Runs that cannot be written and are tried again. */
  setAside: number;
}

/** Get the state of the execution index, and making it again. */
export interface IndexService {
  /** How the keeper of this process stands. */
  state(): IndexState;
  /** The rebuild that was asked for last, and the last one that was done. */
  rebuilds(): Promise<{ generation: number; rebuilt: number }>;
  /** Has the whole index made again from Temporal. Throws `forbidden` but for an admin of the default tenant. */
  askRebuild(caller: Principal): Promise<void>;
}

/** Makes the service over this process's keeper. */
export function createIndexService(keeper: IndexKeeper): IndexService {
  return {
    state: () => ({ lag: keeper.lag(), standing: keeper.standing(), setAside: keeper.setAside() }),

    rebuilds: () => keeper.rebuilds(),

    async askRebuild(caller) {
      demandHome(caller, 'rebuild the index, which all tenants share');
      await keeper.askRebuild();
    },
  };
}
