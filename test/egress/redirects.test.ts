import { type RequestInit, Response } from 'undici';
import { describe, expect, it } from 'vitest';
import { fetchFollowing, RedirectError } from '../../egress/redirects.ts';

interface Sent {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string | null;
}

/** Follows redirects in a world where each URL answers with a status and a target. */
async function follow(
  world: Record<string, [number, string]>,
  init: RequestInit = {},
  holdsSecret = (text: string) => text.includes('SECRET'),
  url = 'https://a.example/',
): Promise<{ sent: Sent[]; end: number | string }> {
  const sent: Sent[] = [];
  const send = async (to: URL, { method = 'GET', headers, body }: RequestInit) => {
    const given = Object.fromEntries(new Headers(headers as Record<string, string>));
    sent.push({ url: to.href, method, headers: given, body: body == null ? null : String(body) });
    const [status, location] = world[to.href] ?? [200, ''];
    return new Response(null, { status, headers: location === '' ? {} : { location } });
  };
  const end = await fetchFollowing(send, url, init, holdsSecret).then(
    ({ status }) => status,
    (error: unknown) => {
      if (error instanceof RedirectError) return error.message;
      throw error;
    },
  );
  return { sent, end };
}

describe('a redirect', () => {
  it.each([
    [301, 'POST', 'GET', null],
    [302, 'POST', 'GET', null],
    [303, 'POST', 'GET', null],
    [303, 'PUT', 'GET', null],
    [302, 'PUT', 'PUT', 'body'],
    [307, 'POST', 'POST', 'body'],
    [308, 'DELETE', 'DELETE', 'body'],
  ])('%d of %s becomes %s with the body %j', async (status, method, then, body) => {
    const { sent, end } = await follow(
      { 'https://a.example/': [status, '/next'] },
      { method, body: 'body', headers: { 'content-type': 'text/plain', 'x-own': 'SECRET' } },
    );
    expect(end).toBe(200);
    expect(sent[1]).toEqual({
      url: 'https://a.example/next',
      method: then,
      headers: { 'x-own': 'SECRET', ...(body === null ? {} : { 'content-type': 'text/plain' }) },
      body,
    });
  });

  const HEADERS = {
    accept: 'text/html',
    authorization: 'Bearer x',
    cookie: 'a=b',
    'Proxy-Authorization': 'x',
    'X-Api-Key': 'my SECRET',
    'x-SECRET': '1',
    'x-plain': '1',
  };
  const matcher = (text: string) => text.toUpperCase().includes('SECRET');

  it.each([
    ['another host', 'https://a.example/', 'https://b.example/', ['accept', 'x-plain']],
    ['another port', 'https://a.example/', 'https://a.example:8443/', ['accept', 'x-plain']],
    ['https', 'http://a.example/', 'https://a.example/', ['accept', 'x-plain']],
    ['http', 'https://a.example/', 'http://a.example/', ['accept']],
    ['the same origin', 'https://a.example/', 'https://a.example:443/x', Object.keys(HEADERS)],
  ])('to %s has the headers that it may have', async (_, from, to, kept) => {
    const { sent, end } = await follow({ [from]: [302, to] }, { headers: HEADERS }, matcher, from);
    expect(end).toBe(200);
    expect(Object.keys(sent[1]!.headers).sort()).toEqual(kept.map((name) => name.toLowerCase()).sort());
  });

  it('never gives back what it has dropped', async () => {
    const world = {
      'https://a.example/': [302, 'https://b.example/'],
      'https://b.example/': [302, 'https://a.example/x'],
    };
    const { sent } = await follow(world as never, { headers: HEADERS }, matcher);
    expect(sent.map(({ headers }) => 'x-api-key' in headers)).toEqual([true, false, false]);
  });

  it.each<[string, RequestInit['body'], string, string | number]>([
    ['a secret to another origin', 'a SECRET', 'https://b.example/', 'is not forwarded to another origin'],
    [
      'a secret in a form',
      new URLSearchParams({ a: 'SECRET' }),
      'https://b.example/',
      'is not forwarded to another origin',
    ],
    [
      'a secret among bytes',
      Buffer.from([0xff, ...Buffer.from('SECRET')]),
      'https://b.example/',
      'is not forwarded to another origin',
    ],
    ['bytes without a secret', Buffer.from([0xff, 0]), 'https://b.example/', 200],
    ['what cannot be looked into', new Blob(['plain']), 'https://b.example/', 'is not forwarded to another origin'],
    ['anything to http', 'plain', 'http://a.example/', 'is not forwarded from https to http'],
    ['no secret', 'plain', 'https://b.example/', 200],
    ['a secret to the same origin', 'a SECRET', 'https://a.example/b', 200],
  ])('of a body with %s', async (_, body, to, expected) => {
    const { sent, end } = await follow({ 'https://a.example/': [307, to] }, { method: 'POST', body: body! });
    expect(end).toEqual(typeof expected === 'number' ? expected : expect.stringContaining(expected));
    expect(sent).toHaveLength(expected === 200 ? 2 : 1);
  });

  it.each(['ftp://a.example/', 'file:///etc/passwd', 'http://', 'https://user:pw@b.example/', 'data:,x'])(
    'to %s is refused',
    async (to) => {
      const { sent, end } = await follow({ 'https://a.example/': [302, to] });
      expect([end, sent.length]).toEqual([expect.stringContaining('not http or https, or has credentials'), 1]);
    },
  );

  it('is followed five times', async () => {
    const chain = (length: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, index) => [
          `https://a.example/${index === 0 ? '' : index}`,
          [302, `/${index + 1}`] as [number, string],
        ]),
      );
    expect((await follow(chain(5))).end).toBe(200);
    expect(await follow(chain(6))).toMatchObject({ end: 'more than 5 redirects', sent: { length: 6 } });
  });

  it('is an answer where it names no target', async () => {
    expect(await follow({ 'https://a.example/': [302, ''] })).toMatchObject({ end: 302, sent: { length: 1 } });
  });
});
