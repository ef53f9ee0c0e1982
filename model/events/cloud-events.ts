import { z } from 'zod';
import { InstantSchema } from '../instant.ts';
import type { Issue } from '../issue.ts';
import type { JsonObject } from '../json.ts';
import { JsonValueSchema } from '../json-value.ts';
import { decodeEscapes } from '../text.ts';
import { convertIssues } from '../zod-issues.ts';
import type { EventExtension, EventRecord, NewEvent } from './event.ts';

// CloudEvents 1.0 in the JSON format and in HTTP headers, as events and back.

/** A CloudEvent in the JSON format; other attributes are extensions. */
export const CloudEventSchema = z
  .object({
    specversion: z.literal('1.0'),
    id: z.string(),
    source: z.string(),
    type: z.string(),
    subject: z.string().nullish(),
    time: InstantSchema.nullish(),
    datacontenttype: z.string().nullish(),
    data: JsonValueSchema.optional().describe('The payload.'),
    data_base64: z.string().nullish().describe('A payload that is not JSON; it stays text.'),
  })
  .catchall(z.union([z.string(), z.number(), z.boolean(), z.null()]));

/** The media type of a payload without another one. */
const JSON_TYPE = 'application/json';

/** The extension of an event whose payload is text in Base64. */
const BASE64 = 'base64';

/** A CloudEvent as an event, or its issues. */
export type ReadCloudEvent = { event: NewEvent } | { issues: Issue[] };

/** Reports whether a value is meant as a CloudEvent in the JSON format. */
export function isCloudEvent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'specversion');
}

/** Reads a CloudEvent in the JSON format; `base` is its pointer in the request. */
export function readCloudEvent(value: unknown, base = ''): ReadCloudEvent {
  const parsed = CloudEventSchema.safeParse(value);
  if (!parsed.success) return { issues: convertIssues(parsed.error, CloudEventSchema, value, base) };
  const {
    specversion: _,
    id,
    source,
    type,
    subject,
    time,
    datacontenttype,
    data,
    data_base64,
    ...others
  } = parsed.data;
  const isBase64 = typeof data_base64 === 'string';
  if (isBase64 && data !== undefined) {
    const message = 'cannot be combined with "data"';
    return { issues: [{ code: 'value_invalid', path: `${base}/data_base64`, message }] };
  }
  const given = Object.entries(others).filter((entry): entry is [string, EventExtension] => entry[1] !== null);
  const payload = isBase64 ? data_base64 : (data ?? null);
  return {
    event: {
      event_id: id,
      type,
      source,
      subject: subject ?? null,
      time: time ?? null,
      trigger_ref: null,
      headers: {},
      extensions: { ...Object.fromEntries(given), ...(isBase64 ? { [BASE64]: true } : {}) },
      content_type: datacontenttype ?? (isBase64 || data === undefined ? null : JSON_TYPE),
      payload,
      verified: true,
      webhook: null,
    },
  };
}

/** The beginning of headers with attributes of a CloudEvent in binary mode, and the attributes that the body has there. */
const HEADER = 'ce-';
const OF_BODY = ['data', 'data_base64', 'datacontenttype'];

/**
 * Reads a CloudEvent in binary mode, whose attributes are percent-encoded headers; null for a request that has none. `payload` is the body
 * of the request: undefined without one.
 */
export function readBinaryEvent(
  headers: Iterable<[name: string, value: string]>,
  { content_type, payload }: Pick<NewEvent, 'content_type'> & { payload: NewEvent['payload'] | undefined },
): ReadCloudEvent | null {
  const attributes: Record<string, string> = {};
  const issues: Issue[] = [];
  for (const [header, value] of headers) {
    const name = header.toLowerCase();
    if (!name.startsWith(HEADER)) continue;
    const attribute = name.slice(HEADER.length);
    const decoded = decodeEscapes(value);
    const add = (message: string) => issues.push({ code: 'value_invalid', path: `/${name}`, message });
    if (decoded === null) add('must be percent-encoded UTF-8');
    else if (OF_BODY.includes(attribute)) add('is not a header: the body has the payload, and content-type its type');
    else attributes[attribute] = decoded;
  }
  if (!isCloudEvent(attributes)) return null;
  if (issues.length > 0) return { issues };
  return readCloudEvent({
    ...attributes,
    ...(content_type === null ? {} : { datacontenttype: content_type }),
    ...(payload === undefined ? {} : { data: payload }),
  });
}

/** Writes an event as a CloudEvent in the JSON format. */
export function writeCloudEvent(event: EventRecord): JsonObject {
  const { event_id: id, source, type, subject, time, content_type, payload, extensions } = event;
  const { [BASE64]: isBase64, ...others } = extensions;
  const isText = isBase64 === true && typeof payload === 'string';
  return {
    ...(isText ? others : extensions),
    specversion: '1.0',
    id,
    source,
    type,
    ...(subject === null ? {} : { subject }),
    ...(time === null ? {} : { time }),
    ...(content_type === null ? {} : { datacontenttype: content_type }),
    ...(isText ? { data_base64: payload } : payload === null ? {} : { data: payload }),
  };
}
