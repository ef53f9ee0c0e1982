import type { BodyInit, RequestInit, Response } from 'undici';

/** The maximum number of redirects for one request. */
const MAX_REDIRECTS = 5;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Headers with credentials, which are only sent to the original origin. */
const CREDENTIALS = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** Headers that describe a body, and those that are safe for every origin. */
const OF_BODY = /^content-/;
const HARMLESS = new Set(['accept', 'accept-language', 'content-type', 'user-agent']);

/** The error for a redirect that is not followed; `code` is `REDIRECT_REFUSED`. */
export class RedirectError extends Error {
  readonly code = 'REDIRECT_REFUSED';

  constructor(message: string) {
    super(message);
    this.name = 'RedirectError';
  }
}

/** Reports whether a text contains a secret. */
export type HoldsSecret = (text: string) => boolean;

/**
 * Sends a request and follows up to five redirects. Credentials, and headers with secrets, are not sent to another
 * origin. Rejects with a RedirectError for a body with a secret to another origin, for a further redirect, and for a
 * target that is not http or https. From https to http no body is sent, and only safe headers.
 */
export async function fetchFollowing(
  send: (url: URL, init: RequestInit) => Promise<Response>,
  input: string | URL,
  init: RequestInit,
  holdsSecret: HoldsSecret,
): Promise<Response> {
  let url = new URL(input);
  let request = init;
  for (let followed = 0; ; followed += 1) {
    const response = await send(url, { ...request, redirect: 'manual' });
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    if (followed === MAX_REDIRECTS) throw new RedirectError(`more than ${MAX_REDIRECTS} redirects`);
    const next = targetOf(location, url);
    request = redirected(withoutBody(request, response.status), url, next, holdsSecret);
    url = next;
  }
}

function targetOf(location: string, from: URL): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from) : null;
  if (target !== null && /^https?:$/.test(target.protocol) && target.username === '' && target.password === '') {
    return target;
  }
  throw new RedirectError(`${from.origin} redirects to a URL that is not http or https, or has credentials`);
}

/** Returns the request after a redirect with a status: a POST becomes a GET, unless the status keeps the method. */
function withoutBody(request: RequestInit, status: number): RequestInit {
  const method = (request.method ?? 'GET').toUpperCase();
  const keeps = status === 303 ? method === 'GET' || method === 'HEAD' : status >= 307 || method !== 'POST';
  if (keeps) return request;
  return { ...request, method: 'GET', body: null, headers: headersOf(request).filter(([name]) => !OF_BODY.test(name)) };
}

/** Returns the request for another origin. */
function redirected(request: RequestInit, from: URL, to: URL, holdsSecret: HoldsSecret): RequestInit {
  if (from.origin === to.origin) return request;
  const downgraded = from.protocol === 'https:' && to.protocol === 'http:';
  const { body = null } = request;
  if (body !== null && (downgraded || bodyHolds(body, holdsSecret))) {
    const why = downgraded
      ? 'a body is not forwarded from https to http'
      : 'a body with a secret is not forwarded to another origin';
    throw new RedirectError(`${from.origin} redirects to ${to.origin}: ${why}`);
  }
  const kept = ([name, value]: [string, string]) =>
    !CREDENTIALS.has(name) && (downgraded ? HARMLESS.has(name) : true) && !holdsSecret(value) && !holdsSecret(name);
  return { ...request, headers: headersOf(request).filter(kept) };
}

function headersOf({ headers }: RequestInit): [string, string][] {
  return [...new Headers(headers as ConstructorParameters<typeof Headers>[0])]; // both follow the same standard
}

/** Reports whether a body contains a secret; true for one that cannot be inspected. */
function bodyHolds(body: BodyInit, holdsSecret: HoldsSecret): boolean {
  // Secrets are also known in the form of UTF-8 that was read as Latin-1.
  if (body instanceof Uint8Array) return holdsSecret(Buffer.from(body).toString('latin1'));
  return typeof body === 'string' || body instanceof URLSearchParams ? holdsSecret(String(body)) : true;
}
