import { isSignedBy } from '../interpreter/signatures.ts';
import { SIGNED_STATEMENTS } from '../interpreter/versions.ts';
import type { Execution } from '../model/execution.ts';
import { uuidOf } from '../model/execution-id.ts';
import type { JsonObject } from '../model/json.ts';
import type { SigningKeyRow, SigningKeyStore } from '../store/signing-keys.ts';

/** Finds out whether the API has started a run: true, false, or null where nobody can tell. */
export type Authenticator = (execution: Execution) => Promise<boolean | null>;

/** Creates the authenticator. It knows the keys of all API processes, whichever of them has started a run. */
export function createAuthenticator(store: Pick<SigningKeyStore, 'list'>): Authenticator {
  const known = new Map<string, SigningKeyRow>();

  async function keyOf(kid: string): Promise<SigningKeyRow | undefined> {
    if (!known.has(kid)) for (const row of await store.list()) known.set(row.kid, row);
    return known.get(kid);
  }

  return async ({ run, memo, partial, startContent, child }) => {
    // Older runs have no warrant, a sub-workflow is started by the run above it, and not everything of a chain may be there.
    if (run === null || partial === true || ((run.depth ?? 0) > 0 && child === true)) return null;
    if (run.trust === undefined) return run.interpreter >= SIGNED_STATEMENTS ? false : null;
    const { warrant } = memo ?? {};
    if (warrant === undefined) return false;
    const { statement, kid, sig } = warrant;
    const key = await keyOf(kid);
    if (key === undefined || key.revoked !== null) return false;
    const place =
      run.schedule === undefined ? statement.execution === uuidOf(run.n) : statement.schedule === run.schedule;
    const same = statement.type === 'start' && place && statement.tenant === memo?.tenant;
    return same && statement.content === startContent && isSignedBy(key.x, statement as JsonObject, sig);
  };
}
