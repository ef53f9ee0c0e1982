import type { LedgerKey } from '../model/ledger.ts';
import type { Warrant } from '../model/statement.ts';
import { isSignedBy } from './signatures.ts';

/** The run that a warrant must be about; `schedule`: the schedule that started the run, which the warrant names instead. */
export interface WarrantedRun {
  tenant: string;
  uuid: string;
  schedule: string | null;
  ref: string;
  starters: readonly string[];
}

/** Why a warrant does not prove that the API started a run. */
export type WarrantFault =
  | 'warrant_missing'
  | 'unknown_key'
  | 'revoked_key'
  | 'wrong_run'
  | 'altered'
  | 'bad_signature';

/**
 * Returns why a warrant does not prove that the API started a run; null: it does. `content` is the hash of everything that the run was
 * started with, null where it is unknown; `keyOf` finds a published key. Signatures made before their key was revoked stay valid.
 */
export function warrantFault(
  warrant: Warrant | null,
  run: WarrantedRun,
  content: string | null,
  keyOf: (kid: string) => LedgerKey | undefined,
): WarrantFault | null {
  if (warrant === null) return 'warrant_missing';
  const { statement, kid, sig } = warrant;
  const key = keyOf(kid);
  if (key === undefined) return 'unknown_key';
  const revoked = key.revoked_at ?? null;
  if (revoked !== null && !(Date.parse(String(statement.at)) < Date.parse(revoked))) return 'revoked_key';
  if (!isSignedBy(key.x, statement, sig)) return 'bad_signature';
  const place = run.schedule === null ? statement.execution === run.uuid : statement.schedule === run.schedule;
  if (statement.type !== 'start' || !place || statement.tenant !== run.tenant) return 'wrong_run';
  const same =
    statement.ref === run.ref &&
    JSON.stringify(statement.starters) === JSON.stringify(run.starters) &&
    (content === null || statement.content === content);
  return same ? null : 'altered';
}
