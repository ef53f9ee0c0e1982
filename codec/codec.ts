import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import proto from '@temporalio/proto';

const { Payload } = proto.temporal.api.common.v1;

/** A payload of Temporal's. */
export type Payload = proto.temporal.api.common.v1.IPayload;

/** What seals everything that Temporal stores of runs, so that its server and database never see it (AES-256-GCM). */
export interface Codec {
  /** For the SDK's clients and workers: payloads, and what failures say. */
  dataConverter: Converters & {
    payloadCodecs: [
      { encode(payloads: Payload[]): Promise<Payload[]>; decode(payloads: Payload[]): Promise<Payload[]> },
    ];
  };
  seal(payload: Payload): Payload;
  /**
   * The payload that was sealed; one that is not sealed, or by none of our keys, as it is. One that a key of ours has sealed and
   * somebody has changed is nothing any more: its encoding is `binary/altered`.
   */
  open(payload: Payload): Payload;
  /** Opens, in place, every payload in an answer of Temporal's server. */
  openAll<T>(answer: T): T;
}

const ENCODING = 'binary/encrypted';

/** What stands for a payload that was changed after it was sealed: nothing that a run takes. */
const ALTERED: Payload = { metadata: { encoding: new TextEncoder().encode('binary/altered') }, data: new Uint8Array() };
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
  ...CONVERTERS,
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

  function seal(payload: Payload): Payload {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, first!.key, nonce);
    const sealed = [cipher.update(Payload.encode(payload).finish()), cipher.final()];
    return {
      metadata: { encoding: text.encode(ENCODING), 'encryption-key-id': text.encode(first!.id) },
      data: Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]),
    };
  }

  function open(payload: Payload): Payload {
    const { metadata, data } = payload;
    if (!isSealed(payload) || !data) return payload;
    const found = keys.find(({ id }) => id === words.decode(metadata?.['encryption-key-id'] ?? new Uint8Array()));
    if (found === undefined) return payload;
    if (data.length < NONCE_BYTES + TAG_BYTES) return ALTERED;
    const decipher = createDecipheriv(CIPHER, found.key, data.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(data.subarray(-TAG_BYTES));
    try {
      return Payload.decode(Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]));
    } catch {
      return ALTERED;
    }
  }

  /** What stands in the place of something in an answer. */
  function opened(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    if (isSealed(value)) return open(value);
    const fields = value as Record<string, unknown>;
    for (const [name, field] of Object.entries(fields)) {
      if (typeof field === 'object' && field !== null) fields[name] = opened(field);
    }
    // A failure whose words were sealed says them again.
    if ('encodedAttributes' in fields && fields.encodedAttributes) sayAgain(fields);
    return value;
  }

  return {
    dataConverter: {
      payloadCodecs: [
        { encode: async (payloads) => payloads.map(seal), decode: async (payloads) => payloads.map(open) },
      ],
      ...SEALED_CONVERTERS,
    },
    seal,
    open,
    openAll: (answer) => opened(answer) as typeof answer,
  };
}

function isSealed(value: object): value is Payload {
  const encoding = (value as Payload).metadata?.encoding;
  return encoding instanceof Uint8Array && words.decode(encoding) === ENCODING;
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
