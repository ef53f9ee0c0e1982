import type { Issue } from '../model/issue.ts';
import { issuesText } from '../model/issue.ts';
import type { Json } from '../model/json.ts';
import { jsonChanges } from '../model/json-reader.ts';
import type { Fault } from './events.ts';
import { BYTES_REFUSED, EXACT_PAYLOADS } from './versions.ts';

/** The keys under which temporal/codec/payload-converter.cjs attaches notes to the value of a payload. */
const UNREADABLE = Symbol.for('fermata.unreadable');
const TEXT = Symbol.for('fermata.text');
const ATTEMPT = Symbol.for('fermata.attempt');
const VALUE = Symbol.for('fermata.value');
const DEFLATED = Symbol.for('fermata.deflated');

/** Characters of an encoding's name that a message shows. */
const MAX_NAME = 100;

interface Noted {
  [UNREADABLE]?: unknown;
  [TEXT]?: unknown;
  [ATTEMPT]?: unknown;
  [VALUE]?: unknown;
  [DEFLATED]?: unknown;
}

/** A value that came in a payload. */
export interface Arrived {
  /** Undefined where the payload holds no value. */
  value: Json | undefined;
  /** The encoding of a payload that is not JSON; null for JSON. */
  encoding: string | null;
  /** The JSON as it was written. */
  text?: string | undefined;
  /** The attempt that produced it, where its worker reports that. */
  attempt?: number | undefined;
  /** The deflated text of a run input (model/run-payload.ts), of which the value is only a stub. */
  deflated?: Uint8Array | undefined;
}

/** Removes the notes from a decoded value, and returns both. */
export function readArrived(decoded: unknown): Arrived {
  if (decoded instanceof Uint8Array) return { value: null, encoding: 'binary/plain' };
  if (typeof decoded !== 'object' || decoded === null) return { value: decoded as Json | undefined, encoding: null };
  const noted = decoded as Noted;
  const { [UNREADABLE]: encoding, [TEXT]: text, [ATTEMPT]: attempt, [DEFLATED]: deflated } = noted;
  if (typeof encoding === 'string') return { value: null, encoding };
  const value = (Object.hasOwn(noted, VALUE) ? noted[VALUE] : decoded) as Json; // it was JSON
  delete noted[TEXT];
  delete noted[ATTEMPT];
  delete noted[DEFLATED];
  return {
    value,
    encoding: null,
    text: typeof text === 'string' ? text : undefined,
    attempt: typeof attempt === 'number' ? attempt : undefined,
    deflated: deflated as Uint8Array | undefined, // noted by the converter
  };
}

/** Why a run refuses a payload: it has another encoding, or is JSON that a value cannot represent exactly. */
export interface PayloadRefusal {
  encoding: string;
  issues: Issue[];
}

/** Returns why a run of an interpreter version refuses a payload; null when it takes it. */
export function payloadRefusal({ encoding, text }: Arrived, interpreter: number): PayloadRefusal | null {
  if (encoding !== null) {
    return encoding === 'binary/plain' && interpreter < BYTES_REFUSED ? null : { encoding, issues: [] };
  }
  const issues = text === undefined || interpreter < EXACT_PAYLOADS ? [] : jsonChanges(text);
  return issues.length === 0 ? null : { encoding: 'json/plain', issues };
}

/** Creates the fault of a task whose output is refused. */
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
