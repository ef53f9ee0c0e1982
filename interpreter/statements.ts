import { uuidOf } from '../model/execution-id.ts';
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

/** A time in UTC as JavaScript writes it: what depends on the time zone of a process would not replay. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** What a statement says once it is verified: the payload without its signature, with the values that were hashed. */
export interface VerifiedStatement {
  payload: JsonObject;
  proof: StatementProof;
}

/** Reports whether a run takes nothing from people but signed statements. A run that no API has started trusts nobody and asks for none. */
export function demandsStatements({ version, run }: Pick<RunState, 'version' | 'run'>): boolean {
  return version >= SIGNED_STATEMENTS && run.trust !== undefined;
}

/**
 * Verifies the payload of a signal that must be a signed statement of a type. Null: it is refused, which is recorded, or has been taken
 * before, which is not; `isTaken` tells that of an id.
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
  // The same statement twice is one.
  if (isTaken(statement.id as string)) return null;
  const reason = refusalOf(state, found, type);
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

/** Finds why a statement does not count, in the order in which it is asked; null: it does. */
function refusalOf(state: RunState, found: SignedStatement, type: StatementType): StatementRefusalReason | null {
  const { run, chain, trust } = state;
  const { statement, kid, sig, given } = found;
  if (trust?.revoked?.includes(kid)) return 'revoked_key';
  const x = ownValue(trust?.keys ?? {}, kid);
  if (x === undefined) return 'unknown_key';
  if (statement.tenant !== run.tenant || statement.execution !== uuidOf(run.n) || statement.chain !== chain) {
    return 'wrong_run';
  }
  if (type === 'control' && Date.parse(statement.at as string) < state.newestControl - MAX_CONTROL_AGE) return 'stale';
  if (isFlooded(state)) return 'flooded';
  if (!matchesHashes(statement, given, type)) return 'altered';
  spend(state, VERIFICATION);
  if (isSignedBy(x, statement, sig)) return null;
  state.forged += 1;
  return 'bad_signature';
}

/**
 * Reports whether a run has verified as many forgeries as whoever replays it can verify in one go. It refuses statements unverified then,
 * until it has continued as another run, which the work that it has done leads to.
 */
export function isFlooded({ version, forged, work }: Pick<RunState, 'version' | 'forged' | 'work'>): boolean {
  return version >= FLOODS_REFUSED && forged * VERIFICATION >= work.limits.run;
}

/** Reports whether a kept proof, with the values next to it, is a valid statement by a key that the run trusts. Charges for that. */
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

/** Reports whether what is given next to a statement is all of what it holds hashes of, and nothing else. */
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
 * Records a refusal; beyond a number of them only that there was one more. Of a flood the newest ones are kept, in place of the second
 * half: whoever has sent one of them must find out, to send it again.
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

/** Characters that are kept of what a refused statement says of itself. */
const MAX_CLAIM = 200;
