import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../model/json.ts';
import { createDesk } from '../../api/inquiries/page/desk.ts';
import { expectAccessible } from '../support/accessibility.ts';
import { launchBrowser, openContext } from '../support/browser.ts';

// axe examines every page behind a link, as the API renders it.

const ANN = 'ann@example.com';
const BOB = 'bob@example.com';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

const FORM: JsonObject = {
  type: 'object',
  required: ['count', 'size', 'hosts'],
  properties: {
    count: { type: 'integer', title: 'How many', minimum: 1 },
    size: { enum: ['small', 'large'] },
    sure: { type: 'boolean' },
    name: { type: 'string', description: 'As in the list' },
    hosts: { type: 'array', items: { type: 'string' }, minItems: 1 },
  },
};

/** Opens the page of a question to two people; `send` submits its form. */
async function open(input: JsonObject = {}) {
  const desk = createDesk();
  const asked = { prompt: 'Deploy 1.2 to production?', details: 'All checks are green.', approvers: [ANN, BOB] };
  const inquiry = desk.ask('1', { ...asked, ...input });
  const visitor = desk.browser();
  const page = await visitor.open(await desk.token('1', ANN));
  const send = async (fields: Record<string, string>) =>
    (await visitor.post(page.path, { form: page.form, ...fields })).text;
  return { desk, inquiry, visitor, page, send };
}

const PAGES: [name: string, words: string, html: () => Promise<string>][] = [
  ['a question', 'All checks are green.', async () => (await open()).page.text],
  ['a question with a form', 'How many', async () => (await open({ response_schema: FORM })).page.text],
  [
    'a form with mistakes',
    'aria-invalid="true"',
    async () => (await open({ response_schema: FORM })).send({ option: 'approve', 'field:count': '0' }),
  ],
  ['a decision', 'Approved', async () => (await open()).send({ option: 'approve' })],
  ['a refusal', 'Denied', async () => (await open()).send({ option: 'deny', comment: 'too risky' })],
  [
    'one of several votes',
    'More people are needed',
    async () => (await open({ quorum: 2 })).send({ option: 'approve' }),
  ],
  [
    'a decision that nobody has processed',
    'Received',
    async () => {
      const { desk, send } = await open();
      desk.stopWorkers();
      return send({ option: 'approve' });
    },
  ],
  [
    'a question that has changed',
    'Something has changed',
    async () => {
      const { inquiry, send } = await open();
      inquiry.bound_to = 'another digest';
      return send({ option: 'approve' });
    },
  ],
  [
    'a question to others',
    'You cannot decide this',
    async () => {
      const { inquiry, page, visitor } = await open();
      inquiry.request.approvers = [BOB];
      return (await visitor.get(page.path)).text();
    },
  ],
  [
    'an expired question',
    'Expired',
    async () => {
      const { inquiry, page, visitor } = await open();
      inquiry.status = 'expired';
      return (await visitor.get(page.path)).text();
    },
  ],
  [
    'an invalid link',
    'This link is not valid',
    async () => (await (await open()).visitor.get('/inquiry?token=x')).text(),
  ],
];

describe.each(PAGES)('the page of %s', (_, words, html) => {
  it.each(['light', 'dark'] as const)('has no violation in %s', async (colorScheme) => {
    const text = await html();
    expect(text).toContain(words);
    const context = await openContext(browser, { colorScheme });
    try {
      const page = await context.newPage();
      await page.setContent(text);
      await expectAccessible(page);
    } finally {
      await context.close();
    }
  });
});
