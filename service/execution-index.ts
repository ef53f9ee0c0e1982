import type { Principal } from '../model/principal.ts';
import type { IndexKeeper } from './index-keeper.ts';
import { demandHome } from './principals.ts';

/** How the execution index stands, and making it again. */
export type IndexService = ReturnType<typeof createIndexService>;

/** Makes the service over this process's keeper. */
export function createIndexService(keeper: IndexKeeper) {
  return {
    /** Milliseconds by which the index may be behind, as this process has kept it; null before its first look. */
    lag: (): number | null => keeper.lag(),

    /** The rebuild that was asked for last, and the last one that was done. */
    rebuilds: (): Promise<{ generation: number; rebuilt: number }> => keeper.rebuilds(),

    /** Has the whole index made again from Temporal. Throws `forbidden` but for an admin of the default tenant. */
    async askRebuild(caller: Principal): Promise<void> {
      demandHome(caller, 'rebuild the index, which all tenants share');
      await keeper.askRebuild();
    },
  };
}
