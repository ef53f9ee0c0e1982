import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { SerializationContext } from '@temporalio/common';
import proto from '@temporalio/proto';

const { Payload } = proto.temporal.api.common.v1;

/** A payload of Temporal's. */
export type Payload = proto.temporal.api.common.v1.IPayload;

/** Whose payloads are sealed or opened, as the SDK tells it. */
type Context = SerializationContext | undefined;

/** Seals and opens payloads for the SDK, and what failures say. */
type SealedConverter = Converters & {
  payloadCodecs: [
    {
      encode(payloads: Payload[], context?: Context): Promise<Payload[]>;
      decode(payloads: Payload[], context?: Context): Promise<Payload[]>;
    },
  ];
};

/**
 * What seals everything that Temporal stores of runs, so that its server and database never see it (AES-256-GCM). A payload is sealed
 * for one run, and opens in no other. Those of earlier versions are sealed for none, and open everywhere.
 */
export interface Codec {
  /** The ids of the keys: hashes, which say nothing of the keys. The first one seals. */
  readonly keyIds: readonly string[];
  /** For the SDK's clients and workers: payloads, and what failures say. */
  dataConverter: SealedConverter;
  /**
   * For the SDK's client of schedules: it seals for the context's workflow id, whatever an earlier version has sealed, since a schedule
   * starts new runs only.
   */
  scheduleConverter: SealedConverter;
  /** Seals a payload for the run with this workflow id; for none where there is no id. */
  seal(payload: Payload, workflowId: string | undefined): Payload;
  /**
   * Returns the payload that was sealed; one that is not sealed, or by none of our keys, as it is; null for one that a key of ours has
   * sealed for another run, or that somebody has changed since.
   */
  open(payload: Payload, workflowId: string | undefined): Payload | null;
  /**
   * Opens, in place, every payload in an answer of Temporal's server about a run. With `sealed` it is a run whose payloads all are:
   * one in the clear comes from somebody without a key, and becomes one that no run takes.
   */
  openAll<T>(answer: T, workflowId: string, sealed?: boolean): T;
}

const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';

/**
 * What the id of a key ends in where a payload is sealed for a run: processes of earlier versions do not know such a key, and leave the
 * payload to others.
 */
const FOR_A_RUN = '.2';

/** Runs of which it is remembered who sealed their payloads. */
const MAX_SEEN = 20_000;

/** Metadata that says for which run a payload is sealed: the workflow id, or that of the schedule which starts it. */
const RUN = 'fermata-run';

/** Metadata of a payload that came in the clear; sealed-payload-converter.cjs knows the same word. */
const CLEAR = 'fermata-clear';

/** What Temporal adds to the workflow id of a schedule for each start. */
const START_TIME = /^-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** What stands for a payload that was changed after it was sealed, or sealed for another run: nothing that a run takes. */
const ALTERED = nothing('binary/altered');
/** What stands for a payload in the clear where all are sealed. */
const UNSEALED = nothing('binary/unsealed');

const CIPHER = 'aes-256-gcm';

/** Bytes of a key, and of what GCM adds. */
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Where Temporal's SDK finds how values and failures become what it sends, and the reverse. */
export interface Converters {
  payloadConverterPath: string;
  failureConverterPath: string;
}

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The converters of clients and workers that seal nothing: whatever is sent or comes, they never throw. */
export const CONVERTERS: Converters = {
  payloadConverterPath: pathOf('./payload-converter.cjs'),
  failureConverterPath: pathOf('./failure-converter.cjs'),
};

/** The converters of clients and workers that seal what they send. */
export const SEALED_CONVERTERS: Converters = {
  payloadConverterPath: pathOf('./sealed-payload-converter.cjs'),
  failureConverterPath: pathOf('./sealed-failure-converter.cjs'),
};

const text = new TextEncoder();
const words = new TextDecoder();

/** Makes it of master keys: the first one seals, all of them open. */
export function createCodec(masterKeys: readonly string[]): Codec {
  const keys = masterKeys.map((master) => {
    const key = Buffer.from(hkdfSync('sha256', master, '', 'fermata payload', KEY_BYTES));
    return { id: createHash('sha256').update(key).digest('base64url').slice(0, 12), key };
  });
  const [first] = keys;
  if (first === undefined) throw new TypeError('there is no key');
  /** Whether an earlier version has sealed what a run began with, by workflow id; the run that was seen last stands last. */
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

  /** Opens a payload for the SDK. */
  function decode(payload: Payload, workflowId: string | undefined): Payload {
    if (!isSealed(payload)) return inTheClear(payload);
    return open(payload, workflowId) ?? ALTERED;
  }

  /** Notes a run whose payloads an earlier version has sealed. */
  function note(payload: Payload, workflowId: string | undefined): void {
    if (!isSealed(payload) || workflowId === undefined) return;
    // Once one was sealed for the run itself, nothing that somebody sends makes it an earlier one.
    const isEarlier = payload.metadata?.[RUN] === undefined && earlier.get(workflowId) !== false;
    earlier.delete(workflowId);
    earlier.set(workflowId, isEarlier);
    if (earlier.size > MAX_SEEN) earlier.delete(earlier.keys().next().value!);
  }

  /** For which run to seal: one of an earlier version goes on as it began, since workers of that version may still serve it. */
  function sealedFor(context: Context): string | undefined {
    const workflowId = context?.workflowId;
    return workflowId !== undefined && earlier.get(workflowId) === true ? undefined : workflowId;
  }

  /** What stands in the place of something in an answer. */
  function opened(value: unknown, workflowIds: readonly string[], sealed: boolean): unknown {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    const encoding = encodingOf(value);
    if (encoding === ENCODING) return openFor(value, workflowIds) ?? ALTERED;
    // One without an encoding is nothing that a run takes.
    if (sealed && encoding !== null) return UNSEALED;
    const fields = value as Record<string, unknown>;
    // What a run and its child say to each other is sealed for the child.
    const ids = 'eventType' in fields ? [...workflowIds, ...childrenIn(fields)] : workflowIds;
    for (const [name, field] of Object.entries(fields)) {
      if (typeof field !== 'object' || field === null) continue;
      fields[name] = opened(field, ids, sealed && !NEVER_SEALED.has(name));
    }
    // A failure whose words were sealed says them again.
    if ('encodedAttributes' in fields && fields.encodedAttributes) sayAgain(fields);
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

/** What is never sealed, by the name of its field. */
const NEVER_SEALED: ReadonlySet<string> = new Set(['header', 'searchAttributes', 'markerRecordedEventAttributes']);

/** The workflow ids of children that an event of a history tells of. */
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

/** Whether what is sealed for this run or schedule may be opened in the run with a workflow id. */
function isSealedFor(run: string, workflowId: string): boolean {
  return run === workflowId || (workflowId.startsWith(run) && START_TIME.test(workflowId.slice(run.length)));
}

/** Marks a payload that came in the clear: a run whose payloads are all sealed does not take it. */
function inTheClear(payload: Payload): Payload {
  return { ...payload, metadata: { ...payload.metadata, [CLEAR]: text.encode('true') } };
}

function nothing(encoding: string): Payload {
  return { metadata: { encoding: new TextEncoder().encode(encoding) }, data: new Uint8Array() };
}

/** The encoding of a payload; null for what is none. */
function encodingOf(value: object): string | null {
  const encoding = (value as Payload).metadata?.encoding;
  return encoding instanceof Uint8Array ? words.decode(encoding) : null;
}

function isSealed(value: object): boolean {
  return encodingOf(value) === ENCODING;
}

function sayAgain(failure: Record<string, unknown>): void {
  const { data, ...payload } = failure.encodedAttributes as Payload;
  if (isSealed(payload) || !data) return;
  let said: { message?: unknown; stack_trace?: unknown } | null;
  try {
    said = JSON.parse(words.decode(data)) as typeof said;
  } catch {
    // Another worker's own way to encode failures: what stands in plain text is all that can be shown.
    return;
  }
  const { message, stack_trace: stack } = said ?? {};
  if (typeof message === 'string') failure.message = message;
  if (typeof stack === 'string') failure.stackTrace = stack;
}
