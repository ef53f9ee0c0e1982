import type { Issue } from '../model/issue.ts';
import { issuesText } from '../model/issue.ts';
import type { Json } from '../model/json.ts';
import { jsonChanges } from '../model/json-reader.ts';
import type { Fault } from './events.ts';
import { BYTES_REFUSED, EXACT_PAYLOADS } from './versions.ts';

/** The keys of what temporal/codec/payload-converter.cjs notes on the value of a payload. */
const UNREADABLE = Symbol.for('fermata.unreadable');
const TEXT = Symbol.for('fermata.text');
const ATTEMPT = Symbol.for('fermata.attempt');
const VALUE = Symbol.for('fermata.value');

/** Characters of an encoding's name that are repeated in a message. */
const MAX_NAME = 100;

interface Noted {
  [UNREADABLE]?: unknown;
  [TEXT]?: unknown;
  [ATTEMPT]?: unknown;
  [VALUE]?: unknown;
}

/** A value that has come in a payload. */
export interface Arrived {
  /** Undefined where the payload holds none. */
  value: Json | undefined;
  /** The encoding of what is no JSON; null for what is. */
  encoding: string | null;
  /** The JSON as it was written. */
  text?: string | undefined;
  /** The attempt that has made it, where its worker tells. */
  attempt?: number | undefined;
}

/** Takes the notes off a decoded value. */
export function arrivedOf(decoded: unknown): Arrived {
  if (decoded instanceof Uint8Array) return { value: null, encoding: 'binary/plain' };
  if (typeof decoded !== 'object' || decoded === null) return { value: decoded as Json | undefined, encoding: null };
  const noted = decoded as Noted;
  const { [UNREADABLE]: encoding, [TEXT]: text, [ATTEMPT]: attempt } = noted;
  if (typeof encoding === 'string') return { value: null, encoding };
  const value = (Object.hasOwn(noted, VALUE) ? noted[VALUE] : decoded) as Json; // it was JSON
  delete noted[TEXT];
  delete noted[ATTEMPT];
  return {
    value,
    encoding: null,
    text: typeof text === 'string' ? text : undefined,
    attempt: typeof attempt === 'number' ? attempt : undefined,
  };
}

/** Why a run does not take a payload: it has another encoding, or is JSON that a value does not say. */
export interface PayloadRefusal {
  encoding: string;
  issues: Issue[];
}

/** Returns why a run of this interpreter version refuses what has come in a payload; null when it takes it. */
export function payloadRefusal({ encoding, text }: Arrived, interpreter: number): PayloadRefusal | null {
  if (encoding !== null) {
    return encoding === 'binary/plain' && interpreter < BYTES_REFUSED ? null : { encoding, issues: [] };
  }
  const issues = text === undefined || interpreter < EXACT_PAYLOADS ? [] : jsonChanges(text);
  return issues.length === 0 ? null : { encoding: 'json/plain', issues };
}

/** Makes the fault of a task whose output is refused. */
export function refusedOutput({ encoding, issues }: PayloadRefusal): Fault {
  const fault = (message: string, details: Json[]): Fault => ({
    kind: 'application',
    type: 'output_invalid',
    message,
    details,
  });
  if (issues.length > 0) {
    const told = issues.map(({ code, path, message }) => ({ code, path, message }));
    return fault(`the output is invalid: ${issuesText(issues, 'output')}`, [told]);
  }
  if (encoding === 'json/plain') return fault('the output is not valid JSON', []);
  return fault(`the output is encoded as "${encoding.slice(0, MAX_NAME)}": outputs are JSON`, []);
}
