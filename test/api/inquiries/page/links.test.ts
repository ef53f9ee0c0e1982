import { beforeEach, describe, expect, it } from 'vitest';
import type { Inquiry } from '../../../../model/inquiry.ts';
import { createDesk, TENANT } from './desk.ts';

type Desk = ReturnType<typeof createDesk>;
type Browser = ReturnType<Desk['browser']>;
interface Opened {
  path: string;
  form: string;
}

const ANN = 'ann@example.com';
const BOB = 'bob@example.com';

let desk: Desk;
let staging: Inquiry;
let production: Inquiry;
let browser: Browser;
beforeEach(() => {
  desk = createDesk();
  staging = desk.ask('1', { prompt: 'Delete staging?', approvers: [ANN, BOB], bind: false });
  production = desk.ask('2[0]~2', { prompt: 'Delete production?', approvers: [ANN, BOB], bind: false });
  browser = desk.browser();
});

const approve = (opened: Opened, form = opened.form) => browser.post(opened.path, { form, option: 'approve' });
const headings = (text: string) =>
  [...text.matchAll(/<(?:h1|strong)>(.*?)<\/(?:h1|strong)>/g)].map(([, words]) => words);

describe('two links in one browser', () => {
  it.each([
    ['the first page', 0],
    ['the second page', 1],
  ])('decide each what its page shows: %s', async (_, place) => {
    const pages = [await browser.open(await desk.token('1', ANN)), await browser.open(await desk.token('2[0]~2', ANN))];
    const answer = await approve(pages[place]!);
    expect([answer.status, headings(answer.text)]).toEqual([
      200,
      ['Approved', `Delete ${place === 0 ? 'staging' : 'production'}?`],
    ]);
    expect([staging.status, production.status]).toEqual(
      place === 0 ? ['approved', 'pending'] : ['pending', 'approved'],
    );
    await approve(pages[1 - place]!);
    expect([staging.status, production.status]).toEqual(['approved', 'approved']);
  });
});

describe('a form', () => {
  const seal = (claims: object) => desk.sealer.seal(claims as never);
  const claims = (rest: object) => ({
    kind: 'form',
    inquiry: '1',
    tenant: TENANT,
    address: ANN,
    decision: 'd',
    bound_to: 'digest of 1',
    shown: { asked: '', plan: {} },
    expires: Date.UTC(2100, 0),
    ...rest,
  });

  // Each sends something to the page of staging, or of production, that must decide nothing.
  const attacks: [string, number, (first: Opened, second: Opened) => Promise<{ status: number }>][] = [
    ['of another question, on this page', 403, (first, second) => approve(first, second.form)],
    ['of this question, on the page of another', 403, (first, second) => approve(second, first.form)],
    [
      'of another question, with both cookies in one header',
      403,
      (first, second) =>
        browser.post(
          first.path,
          { form: second.form, option: 'approve' },
          { cookie: `${browser.jar.for(first.path)}; ${browser.jar.for(second.path)}` },
        ),
    ],
    [
      'with the cookie of another question under the name of its own',
      403,
      (first, second) => {
        const [name] = browser.jar.for(first.path).split('=');
        const value = browser.jar.for(second.path).split('=')[1];
        return browser.post(first.path, { form: first.form, option: 'approve' }, { cookie: `${name}=${value}` });
      },
    ],
    [
      'without a cookie',
      403,
      (first) => browser.post(first.path, { form: first.form, option: 'approve' }, { cookie: '' }),
    ],
    ['of another address', 403, async (first) => approve(first, await seal(claims({ address: BOB })))],
    ['of another tenant', 403, async (first) => approve(first, await seal(claims({ tenant: 'other' })))],
    [
      'that another person opened in the same browser since',
      403,
      async (first) => {
        await browser.open(await desk.token('1', BOB));
        return approve(first);
      },
    ],
    ['that has expired', 410, async (first) => approve(first, await seal(claims({ expires: 1 })))],
    [
      'that was changed',
      400,
      (first) =>
        approve(
          first,
          first.form.replace(/.(?=.{9}$)/, (one) => (one === 'A' ? 'B' : 'A')),
        ),
    ],
    ['without its sealed field', 400, (first) => approve(first, '')],
    ['with the cookie as its sealed field', 400, (first) => approve(first, browser.jar.for(first.path).split('=')[1])],
    ['with a link as its sealed field', 400, async (first) => approve(first, await desk.token('1', ANN))],
    [
      'with its sealed field as cookie',
      400,
      (first) => {
        const cookie = `${browser.jar.for(first.path).split('=')[0]}=${first.form}`;
        return browser.post(first.path, { form: first.form, option: 'approve' }, { cookie });
      },
    ],
    [
      'sent by another site',
      403,
      (first) => browser.post(first.path, { form: first.form, option: 'approve' }, { 'sec-fetch-site': 'cross-site' }),
    ],
    [
      'with the origin of another site',
      403,
      (first) => browser.post(first.path, { form: first.form, option: 'approve' }, { origin: 'https://evil.example' }),
    ],
    [
      'of a page of the release before',
      409,
      (first) =>
        browser.post(
          '/inquiry',
          { bound_to: 'digest of 1', option: 'approve' },
          { cookie: browser.jar.for(first.path) },
        ),
    ],
  ];

  it.each(attacks)('decides nothing %s', async (_, status, attack) => {
    const first = await browser.open(await desk.token('1', ANN));
    const second = await browser.open(await desk.token('2[0]~2', ANN));
    expect((await attack(first, second)).status).toBe(status);
    expect([staging, production].map((inquiry) => [inquiry.status, inquiry.votes])).toEqual([
      ['pending', []],
      ['pending', []],
    ]);
  });

  it('is one decision however often it is sent, and a later one of the same link is none', async () => {
    const link = await desk.token('1', ANN);
    const [one, other] = [await browser.open(link), await browser.open(link)];
    const cookie = browser.jar.for(one.path);
    const send = (form: string, option: string) => browser.post(one.path, { form, option }, { cookie });
    expect((await send(one.form, 'approve')).status).toBe(200);
    expect((await send(one.form, 'deny')).status).toBe(200);
    expect((await send(other.form, 'deny')).status).toBe(409);
    expect([staging.status, staging.votes.length]).toEqual(['approved', 1]);
  });
});

describe('a link', () => {
  it.each([
    [
      'that has expired',
      410,
      'This link has expired',
      async () => {
        const token = await desk.token('1', ANN);
        desk.wait(86_401);
        return token;
      },
    ],
    ['that was changed', 400, 'This link is not valid', async () => `${await desk.token('1', ANN)}x`],
    ['that is none', 400, 'This link is not valid', async () => ''],
    [
      'that is the sealed field of a form',
      400,
      'This link is not valid',
      async () => (await browser.open(await desk.token('1', ANN))).form,
    ],
  ])('%s is refused, and names the inbox', async (_, status, title, token) => {
    const response = await browser.get(`/inquiry?token=${await token()}`);
    const text = await response.text();
    expect([response.status, headings(text)]).toEqual([status, [title]]);
    expect(text).toContain('/api/v1/inquiries?assigned=me');
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  it('of the release before opens a page that decides what it shows', async () => {
    const claims = {
      kind: 'link',
      inquiry: '1',
      tenant: TENANT,
      address: ANN,
      decision: 'old',
      expires: Date.UTC(2100, 0),
    };
    const opened = await browser.open(await desk.sealer.seal(claims));
    expect((await approve(opened)).status).toBe(200);
    expect(staging.votes.map(({ by, channel }) => [by, channel])).toEqual([[ANN, 'link']]);
  });

  it('keeps its page for its path alone, out of the reach of scripts', async () => {
    const response = await browser.get(`/inquiry?token=${await desk.token('2[0]~2', ANN)}`);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/inquiry/2%5B0%5D~2']);
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^fermata_inquiry_[0-9a-f]{12}=[^;]+; Max-Age=3600; Path=\/inquiry\/2%5B0%5D~2; HttpOnly; SameSite=Lax$/,
      ),
    ]);
  });
});

describe('a second tab of the browser', () => {
  it.each(['approve', 'deny'])('cannot %s what the first has decided', async (option) => {
    const tabs = [await browser.open(await desk.token('1', ANN)), await browser.open(await desk.token('1', ANN))];
    expect((await approve(tabs[0]!)).status).toBe(200);
    const late = await browser.post(tabs[1]!.path, { form: tabs[1]!.form, option });
    expect([late.status, headings(late.text)[0]]).toEqual([409, 'This inquiry has been decided']);
    expect(staging.votes.map((vote) => vote.option)).toEqual(['approve']);
  });
});

it.each<[number, ...string[]]>([
  [422, 'option=approve', 'option=deny'],
  [422, 'option=approve', 'option=approve'],
  [400, 'option=approve', 'comment=one', 'comment=two'],
])('what a form says twice decides nothing: %i for %s, %s', async (status, ...controls) => {
  const { path, form } = await browser.open(await desk.token('1', ANN));
  const entered = controls.map((control) => control.split('=') as [string, string]);
  const answer = await browser.post(path, [['form', form], ...entered]);
  expect([answer.status, staging.status]).toEqual([status, 'pending']);
});
