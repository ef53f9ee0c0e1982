import type { Context } from 'hono';
import { AppError } from '../../model/app-error.ts';
import { principalSource } from '../../model/events/attributes.ts';
import { isCloudEvent, type ReadCloudEvent, readBinaryEvent, readCloudEvent } from '../../model/events/cloud-events.ts';
import type { NewEvent } from '../../model/events/event.ts';
import { MAX_BATCH, newPostedEvent, PostedEventSchema } from '../../model/events/requests.ts';
import type { Issue } from '../../model/issue.ts';
import type { Json } from '../../model/json.ts';
import { type MediaType, parseMediaType } from '../../model/media-type.ts';
import { refusal } from '../../model/refusal.ts';
import { convertIssues } from '../../model/zod-issues.ts';
import { MAX_BODY, parseJsonFor, readRawBody } from '../http/body.ts';
import { decodePlainText } from '../http/body-parser.ts';
import type { ApiEnv } from '../http/environment.ts';

/** The media types of CloudEvents in the JSON format: one event, and a list of them. */
export const STRUCTURED = 'application/cloudevents+json';
export const BATCH = 'application/cloudevents-batch+json';

/** The events of a request, and whether it is a list. */
export interface PostedEvents {
  events: NewEvent[];
  isBatch: boolean;
}

/**
 * Reads the events of a request in any of the forms: a CloudEvent in the JSON format or in headers, a list of CloudEvents, or the short
 * form. Throws `request_invalid` with all issues, `json_malformed`, `unsupported_media_type`, `body_too_large`, `request_timeout`.
 */
export async function readPostedEvents(
  context: Context<ApiEnv>,
  idempotencyKey: string | undefined,
): Promise<PostedEvents> {
  const { req } = context;
  const { tenant } = context.get('principal');
  const header = req.header('content-type') ?? '';
  const media = parseMediaType(header);
  const bytes = await readRawBody(context, MAX_BODY);
  const { type } = media;
  if (req.header('ce-specversion') !== undefined && type !== STRUCTURED && type !== BATCH) {
    const body = await readPayload(context, media, bytes);
    const read = readBinaryEvent(req.raw.headers, { content_type: header === '' ? null : header, payload: body });
    return { events: [eventOf(read!)], isBatch: false };
  }
  if (type === BATCH) return { events: readBatch(await parseJsonFor(context, tenant, bytes)), isBatch: true };
  if (type !== STRUCTURED && type !== 'application/json') throw unsupported(header);
  const value = await parseJsonFor(context, tenant, bytes);
  const structured = type === STRUCTURED || isCloudEvent(value);
  const defaults = { event_id: idempotencyKey ?? null, source: principalSource(context.get('principal').subject) };
  return { events: [structured ? eventOf(readCloudEvent(value)) : readPosted(value, defaults)], isBatch: false };
}

/** Reads the payload of a CloudEvent in binary mode; undefined for an empty body. */
async function readPayload(
  context: Context<ApiEnv>,
  { type, charset }: MediaType,
  bytes: Uint8Array,
): Promise<Json | undefined> {
  if (bytes.length === 0) return undefined;
  if (type === 'application/json' || type.endsWith('+json'))
    return parseJsonFor(context, context.get('principal').tenant, bytes);
  if (type.startsWith('text/')) return decodePlainText(bytes, charset);
  throw new AppError('unsupported_media_type', `the content type must be JSON or text, not ${type || 'missing'}`);
}

function readBatch(value: Json): NewEvent[] {
  const length = Array.isArray(value) ? value.length : 0;
  if (!Array.isArray(value) || length < 1 || length > MAX_BATCH) {
    const message = `must be a list of 1 to ${MAX_BATCH} CloudEvents`;
    throw refusal('request_invalid', [{ code: 'type_invalid', path: '', message }]);
  }
  const read = value.map((each, at) => readCloudEvent(each, `/${at}`));
  const issues = read.flatMap((each) => ('issues' in each ? each.issues : []));
  if (issues.length > 0) throw refusal('request_invalid', issues);
  return read.map(eventOf);
}

function readPosted(value: Json, defaults: { event_id: string | null; source: string }): NewEvent {
  const parsed = PostedEventSchema.safeParse(value);
  if (!parsed.success) throw shapeRefused(convertIssues(parsed.error, PostedEventSchema, value));
  return newPostedEvent(parsed.data, defaults);
}

function eventOf(read: ReadCloudEvent): NewEvent {
  if ('issues' in read) throw shapeRefused(read.issues);
  return read.event;
}

const shapeRefused = (issues: Issue[]) => refusal('request_invalid', issues);

function unsupported(header: string): AppError {
  const types = `application/json, ${STRUCTURED} or ${BATCH}`;
  const message = `the content type must be ${types}, or the attributes must be headers, not ${header || 'missing'}`;
  return new AppError('unsupported_media_type', message);
}
