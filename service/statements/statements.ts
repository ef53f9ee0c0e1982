import { randomBytes, randomUUID, sign } from 'node:crypto';
import { rememberSigned, saltedHash, signedText, startContent } from '../../interpreter/signatures.ts';
import { AppError } from '../../model/app-error.ts';
import type { Control } from '../../model/control.ts';
import type { Delegation } from '../../model/delegation.ts';
import type { Execution } from '../../model/execution.ts';
import { deriveUuid } from '../../model/execution-id.ts';
import type { Decision } from '../../model/inquiry.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { RunMemo } from '../../model/run-input.ts';
import { HASHED_FIELDS, type SignedStatement, type StatementType, type Trust } from '../../model/statement.ts';
import type { StartRequest } from '../../temporal/starts.ts';
import type { SigningKey } from './signing-key.ts';

/** The bytes of the salt that protects hashed values from being guessed. */
const SALT_BYTES = 16;

/** Signs decisions, delegations and controls, so that runs accept them. */
export interface StatementSigner {
  /** Replaces the keys that sign, newest first. */
  use(keys: readonly SigningKey[]): void;
  /**
   * Returns the payloads of the trust signals, in order, that make a run distrust a key. `own` is the key itself, which introduces the
   * next key to a run that trusts no other; null: it is no longer known. `at` is the time in milliseconds. Throws `last_key`, and
   * `signing_key_missing` for a run that cannot be informed.
   */
  sealRevocation(execution: Execution, kid: string, own: SigningKey | null, at: number): Json[];
  /** Returns the keys that a run trusts that starts now. */
  trust(): Trust;
  /**
   * Returns the payload of a decision; unsigned for a run that demands no statements. Throws `response_invalid` for values that JSON
   * does not preserve, and `signing_key_missing`.
   */
  sealDecision(execution: Execution, decision: Decision, what: string | undefined): Json;
  /** Returns the memo of a start with its warrant. `at` is the time in milliseconds. */
  withWarrant(start: WarrantedStart, at: number): RunMemo;
  /** Returns the payload of a delegation. Throws what `sealDecision` throws. */
  sealDelegation(execution: Execution, delegation: Delegation): Json;
  /** Returns the payload of a control. `at` is the time in milliseconds. Throws what `sealDecision` throws. */
  sealControl(execution: Execution, control: Control, at: number): Json;
}

/** The parts of a start that a warrant covers. */
export type WarrantedStart = Pick<StartRequest, 'input' | 'run' | 'memo'>;

/** Creates the signer. The first key that a run trusts signs for it; `loaded` is in order, newest first. */
export function createStatementSigner(loaded: readonly SigningKey[]): StatementSigner {
  let keys = [...loaded];

  function keyFor(trust: Trust | undefined | null): SigningKey {
    const found = keys.find(({ kid }) => Object.hasOwn(trust?.keys ?? {}, kid));
    if (found !== undefined) return found;
    throw new AppError('signing_key_missing', 'this API has no key that the execution trusts');
  }

  function seal(
    { run, runId: chain, trust }: Execution,
    type: StatementType,
    { by: subject, ...said }: JsonObject & { by: Json },
    more: JsonObject,
    key?: SigningKey,
  ): Json {
    if (run?.trust === undefined) return { by: subject, ...said };
    const signing = key ?? keyFor(trust ?? run.trust);
    const salt = randomBytes(SALT_BYTES).toString('base64url');
    const place = { tenant: run.tenant ?? '', execution: deriveUuid(run.n), chain };
    const fields = HASHED_FIELDS[type].filter((field) => said[field] !== undefined);
    const hashes = HASHED_FIELDS[type].map((field) => {
      const value = said[field] ?? null;
      return [field, value === null ? null : saltedHash(salt, value)];
    });
    const whole = { ...said, ...more, v: 1, type, subject, ...place, ...Object.fromEntries(hashes) };
    const statement = asSent(whole) as JsonObject;
    const given: JsonObject = { ...Object.fromEntries(fields.map((field) => [field, said[field] ?? null])), salt };
    demandExact(whole);
    demandExact(given);
    return { statement, kid: signing.kid, sig: signStatement(statement, signing), given } satisfies SignedStatement;
  }

  return {
    use(given) {
      keys = [...given];
    },
    sealRevocation(execution, kid, own, at) {
      const trusted = execution.trust?.keys ?? {};
      const others = keys.filter((key) => key.kid !== kid);
      const [newest] = others;
      if (newest === undefined) throw new AppError('last_key', 'the only signing key cannot be revoked');
      const about = (said: JsonObject, key: SigningKey) =>
        seal(execution, 'trust', { ...said, id: randomUUID(), by: 'fermata', at: new Date(at).toISOString() }, {}, key);
      const known = others.find((key) => Object.hasOwn(trusted, key.kid));
      if (known !== undefined) return [about({ add: [], revoke: [kid] }, known)];
      // Introduce another key to a run that trusts only the revoked one.
      if (own === null) throw new AppError('signing_key_missing', 'the execution trusts no other key');
      const add = [{ kid: newest.kid, x: newest.x }];
      return [about({ add, revoke: [] }, own), about({ add: [], revoke: [kid] }, newest)];
    },
    trust: () => ({ keys: Object.fromEntries(keys.map(({ kid, x }) => [kid, x])) }),
    // Decisions, delegations and controls are JSON.
    sealDecision: (execution, decision, what) =>
      seal(execution, 'decision', decision as unknown as JsonObject & { by: Json }, { what: what ?? null }),
    withWarrant({ input, run, memo }, at) {
      const signing = keyFor(run.trust);
      const { tenant = '', schedule = null, ref, hash, n, starters = [] } = run;
      const statement: JsonObject = {
        v: 1,
        type: 'start',
        execution: schedule === null ? deriveUuid(n) : null,
        schedule,
        tenant,
        ref,
        hash,
        content: startContent(asSent(input), asSent(run)),
        starters,
        at: new Date(at).toISOString(),
      };
      return { ...memo, warrant: { statement, kid: signing.kid, sig: signStatement(statement, signing) } };
    },
    sealDelegation: (execution, delegation) =>
      seal(execution, 'delegate', delegation as unknown as JsonObject & { by: Json }, {}),
    sealControl: (execution, control, at) =>
      seal(execution, 'control', control as unknown as JsonObject & { by: Json }, { at: new Date(at).toISOString() }),
  };
}

/** Returns the Ed25519 signature of a statement by a key, base64url. */
function signStatement(statement: JsonObject, { x, privateKey }: SigningKey): string {
  const sig = sign(null, Buffer.from(signedText(statement)), privateKey).toString('base64url');
  // The answer to the request reads what it has just signed.
  rememberSigned(x, statement, sig);
  return sig;
}

/** Returns a value as the receiver parses it: without undefined fields. */
function asSent(value: object): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

/** Throws `response_invalid` for values that JSON does not preserve: lone surrogates, and numbers beyond 2^53. */
function demandExact(value: Json): void {
  const inexact =
    (typeof value === 'string' && !value.isWellFormed()) ||
    (typeof value === 'number' && !(Math.abs(value) <= Number.MAX_SAFE_INTEGER));
  if (inexact) {
    const message = 'texts must be well-formed Unicode, and numbers between -(2^53 - 1) and 2^53 - 1';
    throw new AppError('response_invalid', message);
  }
  if (Array.isArray(value)) for (const entry of value) demandExact(entry);
  else if (isJsonObject(value)) {
    for (const [key, entry] of Object.entries(value)) {
      demandExact(key);
      demandExact(entry);
    }
  }
}
