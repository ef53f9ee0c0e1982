import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { broughtAbout, readFocus, title } from './pages.ts';
import type { Console } from './visitor.ts';

const HOSTILE = '<script>alert(1)</script> \u202e[x](javascript:alert(1)) https://elsewhere.example/';

/** More of a word than a page shows at first. */
const LONG = `second${' and so on'.repeat(7_000)}`;

/** People decide whether a word is used, which another branch has to bring. */
const DECIDING = {
  ref: 'people.deciding',
  pack_ref: 'people',
  label: 'Asks people',
  version: '1.0.0',
  definition: {
    start: ['ask', 'change'],
    tasks: [
      {
        name: 'ask',
        action: 'core.inquiry',
        input: {
          prompt: 'Use the word?',
          details: HOSTILE,
          allow_self: true,
          quorum: 2,
          response_schema: {
            type: 'object',
            required: ['count', 'when'],
            properties: {
              count: { type: 'integer', title: 'How many', description: 'At most as many as there are.', minimum: 1 },
              when: { enum: ['now', 'tonight'] },
              hosts: { type: 'array', items: { type: 'string' } },
              more: {
                type: 'object',
                writeOnly: true,
                required: ['token'],
                properties: { token: { type: 'string' }, keys: { type: 'array', items: { type: 'string' } } },
              },
            },
          },
        },
        on_success: 'use',
      },
      { name: 'use', action: 'core.transform', join: 'all', input: { data: '{{ change.output }}' } },
      {
        name: 'change',
        action: 'core.wait_signal',
        input: { name: 'change' },
        on_success: 'use',
      },
    ],
  },
};

/** Tests the inbox and the page of one question. */
export function testInboxPages(site: () => Console): void {
  describe('questions', () => {
    const call = (method: string, path: string, body?: unknown) => site().harness.call(method, `/api/v1/${path}`, body);

    async function ask(): Promise<{ run: number; id: string }> {
      const run = (await call('POST', 'executions', { action_ref: DECIDING.ref })).body.data.id;
      const asked = await until(
        async () => (await call('GET', `inquiries?assigned=me&execution=${run}`)).body.data,
        (questions) => questions.length === 1,
      );
      return { run, id: asked[0].id };
    }

    /** Fills in the form and chooses "Approve", by keyboard. */
    async function approve(page: Page): Promise<void> {
      await page.getByRole('textbox', { name: 'How many' }).focus();
      await page.keyboard.type('2');
      await page.keyboard.press('Tab');
      // One letter is enough: those that come more than a second after each other would begin anew.
      await page.keyboard.press('t');
      await page.getByRole('button', { name: 'Approve' }).press('Enter');
      await page.getByRole('dialog', { name: 'Approve?' }).getByRole('button', { name: 'Confirm' }).press('Enter');
    }

    beforeAll(async () => {
      await call('POST', 'packs', { ref: 'people', label: 'People', version: '1.0.0' });
      expect((await call('POST', 'workflows', DECIDING)).body).toMatchObject({ data: { ref: DECIDING.ref } });
    });

    it('are listed, shown with what will run, and decided by keyboard, about what was shown and nothing else', async () => {
      const { run, id } = await ask();
      // A page behind the last one is the last.
      const page = await site().visit('inbox?page=9');
      await title(page, 'Inbox').waitFor();
      const table = page.getByRole('table', { name: 'Questions for me' });
      const row = table
        .getByRole('row')
        .filter({ hasText: DECIDING.ref })
        .filter({ hasText: String(run) });
      await row.getByRole('rowheader', { name: 'Use the word?' }).waitFor();
      await site().examine(page);
      await row.getByRole('link', { name: 'Use the word?' }).press('Enter');
      await title(page, 'Use the word?').waitFor();
      await page.getByText(HOSTILE, { exact: true }).waitFor();
      const shown = (await call('GET', `inquiries/${id}`)).body.data.bound_to;
      await page.getByText(`Bound to ${shown.slice(0, 12)}`, { exact: true }).waitFor();
      await page.getByRole('region', { name: 'What will run' }).getByText('null').waitFor();
      await page.getByRole('region', { name: 'Votes' }).getByText('0 of 2 approvals needed').waitFor();
      const more = page.getByRole('group', { name: 'more' });
      expect(await more.getByLabel('token').getAttribute('type')).toBe('password');
      const keys = `document.querySelector('[name="Response/more/keys"]')`;
      expect(await page.evaluate(`getComputedStyle(${keys}).webkitTextSecurity`)).toBe('disc');
      await site().examine(page);

      await page.getByRole('button', { name: 'Approve' }).click();
      expect(await page.evaluate('document.activeElement.matches(":invalid")')).toBe(true);
      await page.getByRole('textbox', { name: 'How many' }).fill('two');
      await page.getByRole('combobox', { name: 'when' }).selectOption('now');
      await page.getByRole('button', { name: 'Approve' }).click();
      await page.getByRole('alert').getByText('"How many" must be a number').waitFor();
      await page.getByRole('textbox', { name: 'How many' }).fill('');

      await call('POST', `executions/${run}/signal`, { name: 'change', payload: LONG });
      await until(
        async () => (await call('GET', `inquiries/${id}`)).body.data.bound_to,
        (bound) => bound !== shown,
      );
      await approve(page);
      await page.getByRole('dialog').getByRole('alert').waitFor();
      await page.keyboard.press('Escape');
      await page.getByText('What would run has changed since you opened this page.').waitFor();
      await page.getByText('A decision on the version below will be refused.').waitFor();
      await site().examine(page);
      await page.getByRole('button', { name: 'Show it as it is now' }).press('Enter');
      await page.getByRole('region', { name: 'What will run' }).getByText('"second').waitFor();
      expect(await readFocus(page)).toBe('Use the word?');
      await page.getByRole('button', { name: 'Show all of Input of use' }).press('Enter');
      await page.getByRole('group', { name: 'Input of use' }).getByText(LONG).waitFor();
      expect(await readFocus(page)).toContain(LONG);
      const sent = await broughtAbout(
        page.waitForRequest((request) => request.method() === 'POST'),
        () => approve(page),
      );
      const { bound_to: bound, response } = sent.postDataJSON();
      expect(bound).toBe((await call('GET', `inquiries/${id}`)).body.data.bound_to);
      expect(response).toEqual({ count: 2, when: 'tonight' });
      await page.getByRole('status', { name: 'Notices' }).getByText('Your decision counts').waitFor();
      await page.getByRole('region', { name: 'Votes' }).getByText('dev').waitFor();
      await page.getByText('You cannot decide: you are not an approver, you have already decided').waitFor();
      expect(await readFocus(page)).toBe('Use the word?');
      await site().examine(page);
    });

    it('are denied without the form, and stand among those that are decided', async () => {
      const page = await site().visit(`workflows/${DECIDING.ref}`);
      await page.getByRole('button', { name: 'Start a run' }).click();
      // It does not declare its input: nothing needs to be entered.
      await page.getByRole('dialog').getByRole('button', { name: 'Start a run' }).click();
      const link = page.getByRole('link', { name: 'See the question' });
      await link.waitFor();
      const run = /\d+$/.exec(new URL(page.url()).pathname)![0];
      await page.route('**/inquiries?assigned=me&execution=*', (route) => route.abort(), { times: 1 });
      await link.click();
      await title(page, 'Use the word?').waitFor();
      const unread = page.getByRole('alert').filter({ hasText: 'Whether you can decide could not be read' });
      await unread.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('textbox', { name: 'How many' }).fill('two');
      await page.getByRole('textbox', { name: 'Comment' }).fill('not this one');
      await page.getByRole('button', { name: 'Deny' }).click();
      const dialog = page.getByRole('dialog', { name: 'Deny?' });
      await dialog.getByText('The form will not be sent').waitFor();
      await site().examine(page);
      let letGo = () => {};
      const held = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      await page.route('**/respond', (route) => held.then(() => route.continue()));
      const sent = await broughtAbout(page.waitForRequest('**/respond'), () =>
        dialog.getByRole('button', { name: 'Confirm' }).click(),
      );
      expect(sent.postDataJSON()).toEqual({
        option: 'deny',
        bound_to: expect.any(String),
        comment: 'not this one',
      });
      for (const key of ['Escape', 'Escape', 'Escape']) await page.keyboard.press(key);
      expect(await dialog.getByRole('button', { name: 'Not now' }).getAttribute('aria-disabled')).toBe('true');
      await dialog.getByRole('button', { name: 'Not now' }).click({ force: true });
      expect(await dialog.isVisible()).toBe(true);
      letGo();
      await dialog.waitFor({ state: 'detached' });
      await page.getByRole('region', { name: 'Votes' }).getByText('not this one').waitFor();
      await page.getByRole('region', { name: 'Your decision' }).waitFor({ state: 'detached' });
      expect(await readFocus(page)).toBe('Use the word?');
      await page.getByRole('link', { name: 'Inbox' }).last().click();
      await page.getByRole('tab', { name: 'Pending' }).press('ArrowRight');
      const row = page
        .getByRole('table', { name: 'Questions' })
        .getByRole('row')
        .filter({ hasText: String(run) });
      await row.getByText('denied').waitFor();
      expect(new URL(page.url()).searchParams.get('view')).toBe('decided');
      await site().examine(page);
    });
  });
}
