import { deriveUuid } from '../model/execution-id.ts';
import { isJsonObject, type Json, type JsonObject, jsonSize, ownValue } from '../model/json.ts';
import {
  HASHED_FIELDS,
  MAX_REFUSALS,
  type SignedStatement,
  type StatementProof,
  type StatementRefusalReason,
  type StatementType,
} from '../model/statement.ts';
import { boundedText } from '../model/text.ts';
import { derive } from './derive.ts';
import { isSignedBy, saltedHash } from './signatures.ts';
import type { RunState } from './state.ts';
import { FLOODS_REFUSED, SIGNED_STATEMENTS } from './versions.ts';
import { spend } from './work.ts';

/** Units of work that a verification costs, whether or not this process has made it before. */
const VERIFICATION = 5_000;

/** Bytes of a payload that cost one unit to hash. */
const BYTES_PER_UNIT = 64;

/** Milliseconds that a control may be older than the newest one that the run has taken. */
const MAX_CONTROL_AGE = 60_000;

/** A time in UTC as JavaScript writes it: one that depends on the time zone of a process would not replay. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A verified statement: the payload without its signature, with the values that were hashed. */
export interface VerifiedStatement {
  payload: JsonObject;
  proof: StatementProof;
}

/** Returns whether a run takes nothing from people but signed statements. A run that no API started trusts nobody and demands none. */
export function demandsStatements({ version, run }: Pick<RunState, 'version' | 'run'>): boolean {
  return version >= SIGNED_STATEMENTS && run.trust !== undefined;
}

/**
 * Verifies the payload of a signal that must be a signed statement of a type. Returns null for a refused statement, which is recorded, and
 * for one that was taken before, which is not; `isTaken` looks up an id.
 */
export function verifyStatement(
  state: RunState,
  signal: string,
  payload: Json,
  type: StatementType,
  isTaken: (id: string) => boolean,
): VerifiedStatement | null {
  const found = parseStatement(payload, type);
  if (typeof found === 'string') return refuse(state, signal, payload, found);
  const { statement, kid, sig, given } = found;
  spend(state, jsonSize(payload) / BYTES_PER_UNIT);
  // The same statement twice counts once.
  if (isTaken(statement.id as string)) return null;
  const reason = derive(state, 'statement', () => refusalOf(state, found, type));
  if (reason === 'bad_signature') state.forged += 1;
  if (reason !== null) return refuse(state, signal, payload, reason);
  state.statements.accepted += 1;
  if (type === 'control') state.newestControl = Math.max(state.newestControl, Date.parse(statement.at as string));
  const { v: _, type: __, tenant: ___, execution: ____, chain: _____, subject = null, ...rest } = statement;
  const values = Object.fromEntries(HASHED_FIELDS[type].map((field) => [field, given[field] ?? null]));
  return {
    payload: { ...rest, ...values, by: subject },
    proof: { statement, kid, sig, salt: given.salt as string },
  };
}

/** Returns the first reason why a statement does not count; null: it does. */
function refusalOf(state: RunState, found: SignedStatement, type: StatementType): StatementRefusalReason | null {
  const { run, chain, trust } = state;
  const { statement, kid, sig, given } = found;
  if (trust?.revoked?.includes(kid)) return 'revoked_key';
  const x = ownValue(trust?.keys ?? {}, kid);
  if (x === undefined) return 'unknown_key';
  if (statement.tenant !== run.tenant || statement.execution !== deriveUuid(run.n) || statement.chain !== chain) {
    return 'wrong_run';
  }
  if (type === 'control' && Date.parse(statement.at as string) < state.newestControl - MAX_CONTROL_AGE) return 'stale';
  if (isFlooded(state)) return 'flooded';
  if (!matchesHashes(statement, given, type)) return 'altered';
  spend(state, VERIFICATION);
  return isSignedBy(x, statement, sig) ? null : 'bad_signature';
}

/**
 * Returns whether a run has verified as many forgeries as a replay can verify at once. The run then refuses statements unverified until it
 * has continued as new, which the work of verifying leads to.
 */
export function isFlooded({ version, forged, work }: Pick<RunState, 'version' | 'forged' | 'work'>): boolean {
  return version >= FLOODS_REFUSED && forged * VERIFICATION >= work.limits.run;
}

/** Returns whether a kept proof, with the values next to it, is a valid statement by a key that the run trusts. Charges for the check. */
export function isProven(
  state: RunState,
  { statement, kid, sig, salt }: StatementProof,
  type: StatementType,
  values: JsonObject,
): boolean {
  const x = ownValue(state.trust?.keys ?? {}, kid);
  if (x === undefined || !matchesHashes(statement, { ...values, salt }, type)) return false;
  spend(state, VERIFICATION);
  return isSignedBy(x, statement, sig);
}

/** Returns whether the values next to a statement are exactly those that it holds hashes of. */
export function matchesHashes(statement: JsonObject, given: JsonObject, type: StatementType): boolean {
  const { salt, ...values } = given;
  if (typeof salt !== 'string') return false;
  const fields = HASHED_FIELDS[type];
  if (Object.keys(values).some((field) => !fields.includes(field))) return false;
  return fields.every((field) => {
    const value = values[field] ?? null;
    return statement[field] === (value === null ? null : saltedHash(salt, value));
  });
}

function parseStatement(payload: Json, type: StatementType): SignedStatement | 'malformed' | 'unsigned' {
  if (!isJsonObject(payload)) return 'malformed';
  const { statement, kid, sig, given, ...others } = payload;
  if (kid === undefined && sig === undefined) return 'unsigned';
  if (typeof kid !== 'string' || typeof sig !== 'string' || Object.keys(others).length > 0) return 'malformed';
  if (statement === undefined || given === undefined || !isJsonObject(statement) || !isJsonObject(given)) {
    return 'malformed';
  }
  const { v, id, at } = statement;
  if (v !== 1 || statement.type !== type || typeof id !== 'string') return 'malformed';
  if (typeof at !== 'string' || !INSTANT.test(at) || Number.isNaN(Date.parse(at))) return 'malformed';
  return { statement, kid, sig, given };
}

/**
 * Records a refusal; beyond a limit only the count grows. In a flood the newest refusals replace the second half of the list, so that the
 * sender of a genuine statement learns that it must be sent again.
 */
function refuse(state: RunState, signal: string, payload: Json, reason: StatementRefusalReason): null {
  const { statements, now } = state;
  statements.refused += 1;
  if (statements.refusals.length >= MAX_REFUSALS) {
    if (reason !== 'flooded') return null;
    statements.refusals.splice(MAX_REFUSALS / 2, 1);
  }
  const said = isJsonObject(payload) ? payload.statement : undefined;
  const claim = (field: string) => {
    const value = said !== undefined && isJsonObject(said) ? said[field] : undefined;
    return typeof value === 'string' ? boundedText(value, MAX_CLAIM) : null;
  };
  const claims = { id: claim('id'), inquiry: claim('inquiry') ?? claim('key'), subject: claim('subject') };
  statements.refusals.push({ signal, reason, claims, taken: new Date(now).toISOString() });
  return null;
}

/** Characters that are kept of the claims in a refused statement. */
const MAX_CLAIM = 200;
