import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { readFocus, title } from './pages.ts';
import type { Console } from './visitor.ts';

const HOSTILE = '<script>alert(1)</script> \u202e[x](javascript:alert(1)) https://elsewhere.example/';

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
              more: { type: 'object', properties: { token: { type: 'string', writeOnly: true } } },
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
      await page.keyboard.type('tonight');
      await page.getByRole('button', { name: 'Approve' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'Approve?' }).getByRole('button', { name: 'Confirm' }).focus();
      await page.keyboard.press('Enter');
    }

    beforeAll(async () => {
      await call('POST', 'packs', { ref: 'people', label: 'People', version: '1.0.0' });
      expect((await call('POST', 'workflows', DECIDING)).body).toMatchObject({ data: { ref: DECIDING.ref } });
    });

    it('are listed, shown with what will run, and decided by keyboard, about what was shown and nothing else', async () => {
      const { run, id } = await ask();
      const page = await site().visit('inbox');
      await title(page, 'Inbox').waitFor();
      const table = page.getByRole('table', { name: 'Questions for me' });
      const row = table
        .getByRole('row')
        .filter({ hasText: DECIDING.ref })
        .filter({ hasText: String(run) });
      await row.getByRole('rowheader', { name: 'Use the word?' }).waitFor();
      await site().examine(page);
      await row.getByRole('link', { name: 'Use the word?' }).focus();
      await page.keyboard.press('Enter');
      await title(page, 'Use the word?').waitFor();
      await page.getByText(HOSTILE, { exact: true }).waitFor();
      const shown = (await call('GET', `inquiries/${id}`)).body.data.bound_to;
      await page.getByText(`Bound to ${shown.slice(0, 12)}`, { exact: true }).waitFor();
      await page.getByRole('region', { name: 'What will run' }).getByText('null').waitFor();
      await page.getByRole('region', { name: 'Votes' }).getByText('0 of 2 approvals needed').waitFor();
      expect(await page.getByRole('group', { name: 'more' }).getByLabel('token').getAttribute('type')).toBe('password');
      await site().examine(page);

      await page.getByRole('button', { name: 'Approve' }).click();
      expect(await page.evaluate('document.activeElement.matches(":invalid")')).toBe(true);
      await page.getByRole('textbox', { name: 'How many' }).fill('two');
      await page.getByRole('combobox', { name: 'when' }).selectOption('now');
      await page.getByRole('button', { name: 'Approve' }).click();
      await page.getByRole('alert').getByText('"How many" must be a number').waitFor();
      await page.getByRole('textbox', { name: 'How many' }).fill('');

      await call('POST', `executions/${run}/signal`, { name: 'change', payload: 'second' });
      await until(
        async () => (await call('GET', `inquiries/${id}`)).body.data.bound_to,
        (bound) => bound !== shown,
      );
      await approve(page);
      await page.getByRole('dialog').getByRole('alert').waitFor();
      await page.keyboard.press('Escape');
      await page.getByText('What would run has changed since you opened this page.').waitFor();
      await site().examine(page);
      await page.getByRole('button', { name: 'Show it as it is now' }).press('Enter');
      await page.getByRole('region', { name: 'What will run' }).getByText('"second"').waitFor();
      expect(await readFocus(page)).toBe('Use the word?');
      const sent = page.waitForRequest((request) => request.method() === 'POST');
      await approve(page);
      const { bound_to: bound, response } = (await sent).postDataJSON();
      expect(bound).toBe((await call('GET', `inquiries/${id}`)).body.data.bound_to);
      expect(response).toEqual({ count: 2, when: 'tonight' });
      await page.getByRole('status', { name: 'Notices' }).getByText('Your decision counts').waitFor();
      await page.getByRole('region', { name: 'Votes' }).getByText('dev').waitFor();
      await page.getByText('You are not asked, you have decided already').waitFor();
      await site().examine(page);
    });

    it('are denied without the form, and stand among those that are decided', async () => {
      const { run, id } = await ask();
      const page = await site().visit(`runs/${run}`);
      await page.getByRole('link', { name: 'See the question' }).click();
      await title(page, 'Use the word?').waitFor();
      await page.getByRole('textbox', { name: 'Comment' }).fill('not this one');
      await page.getByRole('button', { name: 'Deny' }).click();
      const dialog = page.getByRole('dialog', { name: 'Deny?' });
      await dialog.getByText('What is in the form is not sent').waitFor();
      await site().examine(page);
      await dialog.getByRole('button', { name: 'Confirm' }).click();
      await page.getByRole('region', { name: 'Votes' }).getByText('not this one').waitFor();
      await until(
        async () => (await call('GET', `inquiries/${id}`)).body.data.status,
        (status) => status === 'denied',
      );
      await page.getByRole('link', { name: 'Inbox' }).last().click();
      await page.getByRole('tab', { name: 'Pending' }).focus();
      await page.keyboard.press('ArrowRight');
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
