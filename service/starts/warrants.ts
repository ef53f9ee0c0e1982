import { SIGNED_STATEMENTS } from '../../interpreter/versions.ts';
import { warrantFault } from '../../interpreter/warrants.ts';
import type { Execution } from '../../model/execution.ts';
import { deriveUuid } from '../../model/execution-id.ts';
import type { SigningKeyRow, SigningKeyStore } from '../../store/access/signing-keys.ts';

/** Finds out whether the API started a run; null: unknown. */
export type Authenticator = (execution: Execution) => Promise<boolean | null>;

/** Milliseconds after which keys are read again, so that revocations by other processes take effect. */
const KNOWN_FOR = 5_000;

/** The dependencies of the service. */
export interface AuthenticatorDependencies {
  store: Pick<SigningKeyStore, 'list'>;
  clock: () => number;
}

/** Creates the authenticator, which knows the keys of all API processes. */
export function createAuthenticator({ store, clock }: AuthenticatorDependencies): Authenticator {
  /** Keys by name; undefined: there is no such key. */
  const known = new Map<string, SigningKeyRow | undefined>();
  let expires = Number.NEGATIVE_INFINITY;

  async function keyOf(kid: string): Promise<SigningKeyRow | undefined> {
    if (clock() >= expires) {
      known.clear();
      expires = clock() + KNOWN_FOR;
    }
    if (known.has(kid)) return known.get(kid);
    const rows = await store.list();
    for (const row of rows) known.set(row.kid, row);
    const found = rows.find((row) => row.kid === kid);
    known.set(kid, found);
    return found;
  }

  return async ({ run, memo, partial, startContent, above }) => {
    // Older runs and sub-workflows have no warrant, and a chain may lack its first runs.
    if (run === null || partial === true || ((run.depth ?? 0) > 0 && above !== undefined)) return null;
    if (run.trust === undefined) return run.interpreter >= SIGNED_STATEMENTS ? false : null;
    const { warrant } = memo ?? {};
    if (warrant === undefined || memo === null) return false;
    const found = await keyOf(warrant.kid);
    const key = found === undefined ? undefined : { ...found, revoked_at: found.revoked?.toISOString() ?? null };
    const { schedule = null, ref, starters = [] } = run;
    const about = { tenant: memo.tenant, uuid: deriveUuid(run.n), schedule, ref, starters };
    return warrantFault(warrant, about, startContent ?? '', () => key) === null;
  };
}
