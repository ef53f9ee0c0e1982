import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { SerializationContext } from '@temporalio/common';
import proto from '@temporalio/proto';

const { Payload } = proto.temporal.api.common.v1;

/** A payload of Temporal. */
export type Payload = proto.temporal.api.common.v1.IPayload;

/** The run whose payloads are converted, as the SDK reports it. */
type Context = SerializationContext | undefined;

/** Encrypts and decrypts payloads and failure messages for the SDK. */
type SealedConverter = Converters & {
  payloadCodecs: [
    {
      encode(payloads: Payload[], context?: Context): Promise<Payload[]>;
      decode(payloads: Payload[], context?: Context): Promise<Payload[]>;
    },
  ];
};

/**
 * Encrypts everything that Temporal stores of runs, so that its server and database never see it (AES-256-GCM). A payload is encrypted
 * for one run and decrypts in no other. Payloads of earlier versions are encrypted for no run and decrypt everywhere.
 */
export interface Codec {
  /** The ids of the keys: hashes, which reveal nothing about the keys. The first key encrypts. */
  readonly keyIds: readonly string[];
  /** The converter of the SDK's clients and workers. */
  dataConverter: SealedConverter;
  /**
   * The converter of the SDK's client of schedules: it encrypts for the workflow id of the context, whatever earlier versions did,
   * because a schedule starts new runs only.
   */
  scheduleConverter: SealedConverter;
  /** Encrypts a payload for the run with a workflow id, or for no run. */
  seal(payload: Payload, workflowId: string | undefined): Payload;
  /**
   * Decrypts a payload. Returns a payload that is not encrypted, or by an unknown key, unchanged; null for a payload that was encrypted
   * for another run or was changed.
   */
  open(payload: Payload, workflowId: string | undefined): Payload | null;
  /**
   * Decrypts in place every payload in an answer of Temporal's server about a run. With `sealed`, all payloads of the run are
   * encrypted: a plain one comes from somebody without a key, and is replaced by one that no run accepts.
   */
  openAll<T>(answer: T, workflowId: string, sealed?: boolean): T;
}

const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';

/**
 * The suffix of a key's id in a payload that is encrypted for a run: processes of earlier versions do not know such a key, and leave
 * the payload to others.
 */
const FOR_A_RUN = '.2';

/** The most runs of which it is remembered which version encrypted their payloads. */
const MAX_SEEN = 20_000;

/** The metadata that names the run of a payload: its workflow id, or that of the schedule that starts it. */
const RUN = 'fermata-run';

/** The metadata of a payload that was not encrypted; sealed-payload-converter.cjs has the same name. */
const CLEAR = 'fermata-clear';

/** Matches what Temporal appends to the workflow id of a schedule for each start. */
const START_TIME = /^-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Replaces a payload that was changed, or encrypted for another run: no run accepts it. */
const ALTERED = nothing('binary/altered');
/** Replaces a plain payload of a run whose payloads are all encrypted. */
const UNSEALED = nothing('binary/unsealed');

const CIPHER = 'aes-256-gcm';

/** The bytes of a key, and of what GCM adds. */
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The paths of the modules with which Temporal's SDK converts values and failures. */
export interface Converters {
  payloadConverterPath: string;
  failureConverterPath: string;
}

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The converters of clients and workers that do not encrypt. They never throw. */
export const CONVERTERS: Converters = {
  payloadConverterPath: pathOf('./payload-converter.cjs'),
  failureConverterPath: pathOf('./failure-converter.cjs'),
};

/** The converters of clients and workers that encrypt. */
export const SEALED_CONVERTERS: Converters = {
  payloadConverterPath: pathOf('./sealed-payload-converter.cjs'),
  failureConverterPath: pathOf('./sealed-failure-converter.cjs'),
};

const text = new TextEncoder();
const words = new TextDecoder();

/** Creates the codec from master keys: the first one encrypts, all of them decrypt. */
export function createCodec(masterKeys: readonly string[]): Codec {
  const keys = masterKeys.map((master) => {
    const key = Buffer.from(hkdfSync('sha256', master, '', 'fermata payload', KEY_BYTES));
    return { id: createHash('sha256').update(key).digest('base64url').slice(0, 12), key };
  });
  const [first] = keys;
  if (first === undefined) throw new TypeError('there is no key');
  /** Whether an earlier version encrypted the start of a run, by workflow id; the run that was seen last is last. */
  const earlier = new Map<string, boolean>();

  function seal(payload: Payload, workflowId: string | undefined): Payload {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, first!.key, nonce);
    const run = workflowId === undefined ? undefined : text.encode(workflowId);
    if (run !== undefined) cipher.setAAD(run);
    const sealed = [cipher.update(Payload.encode(payload).finish()), cipher.final()];
    const id = run === undefined ? first!.id : first!.id + FOR_A_RUN;
    return {
      metadata: { encoding: text.encode(ENCODING), [KEY_ID]: text.encode(id), ...(run && { [RUN]: run }) },
      data: Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]),
    };
  }

  function open(payload: Payload, workflowId: string | undefined): Payload | null {
    return openFor(payload, workflowId === undefined ? [] : [workflowId]);
  }

  function openFor(payload: Payload, workflowIds: readonly string[]): Payload | null {
    const { metadata, data } = payload;
    if (!isSealed(payload) || !data) return payload;
    const keyId = words.decode(metadata?.[KEY_ID] ?? new Uint8Array());
    const found = keys.find(({ id }) => keyId === id || keyId === id + FOR_A_RUN);
    if (found === undefined) return payload;
    const run = metadata?.[RUN];
    if (run === undefined && keyId !== found.id) return null;
    if (run && !workflowIds.some((id) => isSealedFor(words.decode(run), id))) return null;
    if (data.length < NONCE_BYTES + TAG_BYTES) return null;
    const decipher = createDecipheriv(CIPHER, found.key, data.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(data.subarray(-TAG_BYTES));
    if (run) decipher.setAAD(run);
    try {
      return Payload.decode(Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]));
    } catch {
      return null;
    }
  }

  /** Decrypts a payload for the SDK. */
  function decode(payload: Payload, workflowId: string | undefined): Payload {
    if (!isSealed(payload)) return inTheClear(payload);
    return open(payload, workflowId) ?? ALTERED;
  }

  /** Remembers which version encrypts the payloads of a run. */
  function note(payload: Payload, workflowId: string | undefined): void {
    if (!isSealed(payload) || workflowId === undefined) return;
    // Once a payload was encrypted for the run, no other payload makes it a run of an earlier version.
    const isEarlier = payload.metadata?.[RUN] === undefined && earlier.get(workflowId) !== false;
    earlier.delete(workflowId);
    earlier.set(workflowId, isEarlier);
    if (earlier.size > MAX_SEEN) earlier.delete(earlier.keys().next().value!);
  }

  /**
   * Returns the run to encrypt for: a run of an earlier version continues as it began, because workers of that version may still serve
   * it.
   */
  function sealedFor(context: Context): string | undefined {
    const workflowId = context?.workflowId;
    return workflowId !== undefined && earlier.get(workflowId) === true ? undefined : workflowId;
  }

  /** Returns the decrypted form of a part of an answer. */
  function opened(value: unknown, workflowIds: readonly string[], sealed: boolean): unknown {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    const encoding = encodingOf(value);
    if (encoding === ENCODING) return openFor(value, workflowIds) ?? ALTERED;
    // No run accepts a payload without an encoding.
    if (sealed && encoding !== null) return UNSEALED;
    const fields = value as Record<string, unknown>;
    // Payloads between a run and its child are encrypted for the child.
    const ids = 'eventType' in fields ? [...workflowIds, ...childrenIn(fields)] : workflowIds;
    for (const [name, field] of Object.entries(fields))
      fields[name] = opened(field, ids, sealed && !NEVER_SEALED.has(name));
    // A failure whose message was encrypted shows it again.
    if (fields.encodedAttributes) restoreMessage(fields);
    return value;
  }

  return {
    keyIds: keys.map(({ id }) => id),
    dataConverter: {
      payloadCodecs: [
        {
          encode: async (payloads, context) => payloads.map((payload) => seal(payload, sealedFor(context))),
          decode: async (payloads, context) => {
            for (const payload of payloads) note(payload, context?.workflowId);
            return payloads.map((payload) => decode(payload, context?.workflowId));
          },
        },
      ],
      ...SEALED_CONVERTERS,
    },
    scheduleConverter: {
      payloadCodecs: [
        {
          encode: async (payloads, context) => payloads.map((payload) => seal(payload, context?.workflowId)),
          decode: async (payloads, context) => payloads.map((payload) => decode(payload, context?.workflowId)),
        },
      ],
      ...SEALED_CONVERTERS,
    },
    seal,
    open,
    openAll: (answer, workflowId, sealed = false) => opened(answer, [workflowId], sealed) as typeof answer,
  };
}

/** The fields that are never encrypted. */
const NEVER_SEALED: ReadonlySet<string> = new Set(['header', 'searchAttributes', 'markerRecordedEventAttributes']);

/** Returns the workflow ids of children that a history event names. */
function childrenIn(event: Record<string, unknown>): string[] {
  return Object.entries(event).flatMap(([name, attributes]) => {
    if (!name.endsWith('EventAttributes') || typeof attributes !== 'object' || attributes === null) return [];
    const { workflowId, workflowExecution } = attributes as {
      workflowId?: string | null;
      workflowExecution?: { workflowId?: string | null } | null;
    };
    return [workflowId, workflowExecution?.workflowId].filter((id) => !!id) as string[];
  });
}

/** Reports whether a payload for a run or a schedule may be decrypted in the run with a workflow id. */
function isSealedFor(run: string, workflowId: string): boolean {
  return run === workflowId || (workflowId.startsWith(run) && START_TIME.test(workflowId.slice(run.length)));
}

/** Marks a plain payload: a run whose payloads are all encrypted does not accept it. */
function inTheClear(payload: Payload): Payload {
  return { ...payload, metadata: { ...payload.metadata, [CLEAR]: text.encode('true') } };
}

function nothing(encoding: string): Payload {
  return { metadata: { encoding: new TextEncoder().encode(encoding) }, data: new Uint8Array() };
}

/** Returns the encoding of a payload; null for a value that is not a payload. */
function encodingOf(value: object): string | null {
  const encoding = (value as Payload).metadata?.encoding;
  return encoding instanceof Uint8Array ? words.decode(encoding) : null;
}

function isSealed(value: object): boolean {
  return encodingOf(value) === ENCODING;
}

function restoreMessage(failure: Record<string, unknown>): void {
  const { data, ...payload } = failure.encodedAttributes as Payload;
  if (isSealed(payload) || !data) return;
  let said: { message?: unknown; stack_trace?: unknown } | null;
  try {
    said = JSON.parse(words.decode(data)) as typeof said;
  } catch {
    // Another worker may encode failures differently: only the plain fields can be shown.
    return;
  }
  const { message, stack_trace: stack } = said ?? {};
  if (typeof message === 'string') failure.message = message;
  if (typeof stack === 'string') failure.stackTrace = stack;
}
