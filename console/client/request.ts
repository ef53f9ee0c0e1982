import { signal } from '@preact/signals';
import { ROOT } from '../routing/location.ts';
import { RequestError } from './request-error.ts';

/** The token that changes by this session must carry; null before it is known. */
export const csrfToken = signal<string | null>(null);

/** The code of a refusal because the token belongs to another session. */
const REPLACED = 'csrf_invalid';

/** Who is called when an answer shows that the session is not what it was. */
interface SessionWatcher {
  /** The API does not know the session, or no longer. */
  ended(): void;
  /** The browser has another session, which was opened in another window. */
  replaced(): void;
}

let watcher: SessionWatcher = { ended() {}, replaced() {} };

/** Has a watcher called when an answer shows that the session is not what it was. */
export function watchAnswers(by: SessionWatcher): void {
  watcher = by;
}

/** How a request is sent, if it is not a mere read. */
export interface ApiRequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, instead of a body. */
  yaml?: string;
  signal?: AbortSignal;
  headers?: Record<string, string>;
  /** Whether the page sends it by itself, which does not count as use of the session. */
  isBackground?: boolean;
}

/** Returns the address of a path of the API, such as `/executions/42`. */
export function apiHref(path: string): string {
  return `${ROOT}/api/v1${path}`;
}

/**
 * Sends a request to a path of the API and returns the body of its answer, null where it has none. Throws a RequestError when the API refuses
 * or cannot be reached, and the reason of the signal when that is aborted.
 */
export async function request<T>(path: string, sent: ApiRequestOptions = {}): Promise<T> {
  const response = await send(path, sent);
  // The API answers with what its schemas say.
  return (response.status === 204 ? null : await readBody(response, 'json', sent)) as T;
}

/** A body of an answer, with the tag by which a change says which state it is based on. */
export interface TaggedBody<T> {
  body: T;
  /** The value for `if-match`. */
  tag: string;
}

/** Reads JSON that can be changed from a path of the API. Throws as `request` does. */
export async function requestTagged<T>(path: string, sent: ApiRequestOptions = {}): Promise<TaggedBody<T>> {
  const response = await send(path, sent);
  // A proxy that compresses an answer makes its tag a weak one, which the API would not know again.
  const tag = (response.headers.get('etag') ?? '').replace(/^W\//, '');
  return { body: (await readBody(response, 'json', sent)) as T, tag };
}

/**
 * Replaces what is at a path of the API, if nobody has changed it since it had a tag, and returns the body of the answer; null if somebody
 * has. Throws as `request` does.
 */
export async function replaceTagged<T>(
  path: string,
  tag: string,
  content: Pick<ApiRequestOptions, 'body' | 'yaml'>,
): Promise<T | null> {
  try {
    return await request<T>(path, { method: 'PUT', ...content, headers: { 'if-match': tag } });
  } catch (error) {
    if (error instanceof RequestError && error.code === 'precondition_failed') return null;
    throw error;
  }
}

/** Reads a text from a path of the API. Throws as `request` does. */
export async function requestText(path: string, sent: ApiRequestOptions = {}): Promise<string> {
  return (await readBody(await send(path, sent), 'text', sent)) as string;
}

async function readBody(
  response: Response,
  form: 'json' | 'text',
  { signal: abort }: ApiRequestOptions,
): Promise<unknown> {
  try {
    return await response[form]();
  } catch (error) {
    if (abort?.aborted) throw error;
    const requestId = response.headers.get('x-request-id');
    throw new RequestError('The answer of the API could not be read.', { status: 0, code: 'unreadable', requestId });
  }
}

async function send(
  path: string,
  { method = 'GET', body, yaml, signal: abort, headers = {}, isBackground = false }: ApiRequestOptions,
): Promise<Response> {
  const sent = new Headers(headers);
  if (isBackground) sent.set('x-background', '1');
  if (body !== undefined) sent.set('content-type', 'application/json');
  if (yaml !== undefined) sent.set('content-type', 'application/yaml');
  if (method !== 'GET' && csrfToken.peek() !== null) sent.set('x-csrf-token', csrfToken.peek()!);
  let response: Response;
  try {
    response = await fetch(apiHref(path), {
      method,
      headers: sent,
      body: yaml ?? (body === undefined ? null : JSON.stringify(body)),
      ...(abort === undefined ? {} : { signal: abort }),
    });
  } catch (error) {
    if (abort?.aborted) throw error;
    throw new RequestError('The API cannot be reached.', { status: 0, code: 'unreachable', requestId: null });
  }
  if (response.ok) return response;
  throw await refusalOf(response);
}

async function refusalOf(response: Response): Promise<RequestError> {
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const { status } = response;
  const code = typeof body.code === 'string' ? body.code : `http_${status}`;
  const message = messageOf(code, body.error) ?? `The API answered with ${status}.`;
  const requestId = typeof body.request_id === 'string' ? body.request_id : response.headers.get('x-request-id');
  if (status === 401) watcher.ended();
  if (code === REPLACED) watcher.replaced();
  const details = typeof body.details === 'object' ? (body.details as Record<string, unknown> | null) : null;
  const issues = Array.isArray(body.issues) ? (body.issues as RefusedIssue[]) : [];
  const further = issues.slice(1).map(({ path, message: said }) => `${path} ${said}`);
  return new RequestError(message, { status, code, requestId, details, control: controlIn(issues), further });
}

/** An issue of a refusal, as it was received. */
interface RefusedIssue {
  path?: unknown;
  message?: unknown;
}

/** Returns the field that the first issue of a refusal is about: forms name their controls after the fields of the body. */
function controlIn([first]: readonly RefusedIssue[]): string | null {
  return typeof first?.path === 'string' ? (first.path.split('/')[1] ?? null) : null;
}

function messageOf(code: string, error: unknown): string | null {
  if (code === REPLACED) return 'Another window has signed in. Try again.';
  return typeof error === 'string' ? error : null;
}
