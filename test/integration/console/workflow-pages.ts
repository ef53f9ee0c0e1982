import type { Page, Route } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { DEV_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';
import { readFocus, title } from './pages.ts';
import type { Console } from './visitor.ts';

const REFUND = {
  ref: 'shop.refund',
  pack_ref: 'shop',
  label: 'Refunds an order',
  version: '1.0.0',
  param_schema: {
    type: 'object',
    properties: { amount: { type: 'number', title: 'Amount to refund' } },
    required: ['amount'],
    additionalProperties: false,
  },
  definition: {
    tasks: [
      {
        name: 'check',
        action: 'core.noop',
        next: [
          { when: 'amount <= 50', do: 'refund' },
          { when: 'amount > 50', do: 'ask' },
        ],
      },
      { name: 'ask', action: 'core.inquiry', input: { prompt: 'Refund {{ amount }}?' }, on_success: 'refund' },
      { name: 'refund', action: 'core.transform', input: { data: '{{ amount }}' } },
    ],
  },
};

/** Tests the pages of workflows; the examples are stored. */
export function testWorkflowPages(site: () => Console): void {
  describe('workflows', () => {
    const call = (method: string, path: string, body?: unknown) => site().harness.call(method, `/api/v1/${path}`, body);
    const view = (page: Page, name: string) => page.getByRole('tab', { name });
    /** Holds the first request with a method to a path that ends so, until it is continued. */
    const hold = (page: Page, method: string, end: string) =>
      new Promise<Route>((resolve) => {
        const held = (route: Route) => (route.request().method() === method ? resolve(route) : route.fallback());
        void page.route(`**/${end}`, held);
      });

    it('are listed and searched, and shown as a graph and as text, from which a run is started', async () => {
      const page = await site().visit('runs');
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Workflows' }).click();
      await title(page, 'Workflows').waitFor();
      const table = page.getByRole('table', { name: 'Workflows' });
      await table.getByRole('rowheader', { name: 'examples.first_run' }).waitFor();
      await site().examine(page);
      await page.getByRole('searchbox', { name: 'Search workflows' }).fill('nothing like this');
      await page.keyboard.press('Enter');
      await page.getByText('No workflows match this search.').waitFor();
      // The field stays, with the focus.
      await page.keyboard.press('Control+A');
      await page.keyboard.type('FIRST_run');
      await page.keyboard.press('Enter');
      await table.getByRole('link', { name: 'examples.first_run' }).click();
      await title(page, 'examples.first_run').waitFor();
      const graph = page.getByRole('group', { name: 'Graph of examples.first_run' });
      await graph.getByRole('button', { name: /, core\.http$/ }).waitFor();
      await site().examine(page);
      await view(page, 'Definition').click();
      await page.getByRole('group', { name: 'Definition' }).getByText('tasks:').waitFor();
      await page.getByRole('radio', { name: 'JSON' }).click();
      await page.getByRole('group', { name: 'Definition' }).getByText('"tasks": [').waitFor();
      await site().examine(page);
      await page.getByRole('button', { name: 'Start a run' }).click();
      const dialog = page.getByRole('dialog', { name: 'Start a run' });
      await dialog.getByText('examples.first_run', { exact: true }).waitFor();
      await dialog.getByRole('switch', { name: 'As JSON' }).click();
      const whole = dialog.getByRole('textbox', { name: 'Input (JSON)' });
      const before = await whole.inputValue();
      await whole.fill('{ "url": null }');
      await dialog.getByRole('switch', { name: 'As JSON' }).click();
      await dialog.getByRole('alert').getByText('cannot show this JSON without changing it').waitFor();
      await whole.fill('{ "url": ');
      await dialog.getByRole('switch', { name: 'As JSON' }).click();
      await dialog.getByRole('alert').getByText('"Input" is not valid JSON').waitFor();
      expect(await whole.getAttribute('aria-invalid')).toBe('true');
      await site().examine(page);
      await whole.fill(before);
      await dialog.getByRole('switch', { name: 'As JSON' }).click();
      await dialog.getByRole('textbox', { name: 'url' }).fill('not a URL');
      await dialog.getByRole('button', { name: 'Start a run' }).click();
      await dialog.getByRole('alert').getByText('url').waitFor();
      await site().examine(page);
      await dialog.getByRole('textbox', { name: 'url' }).fill(`${site().harness.api.url}/healthz`);
      await dialog.getByRole('textbox', { name: 'name' }).fill('you');
      await dialog.getByRole('button', { name: 'Start a run' }).click();
      await page.getByText('Status completed').waitFor();
      await page.getByRole('region', { name: 'Result' }).getByText('Hello, you').waitFor();
    });

    it('of many tasks are drawn where they are looked at, and all of them can be reached', async () => {
      const tasks = Array.from({ length: 60 }, (_, n) => ({
        ...{ name: `t${n}`, action: 'core.noop' },
        ...(n < 59 ? { on_success: `t${n + 1}` } : {}),
      }));
      const body = {
        ref: 'examples.long',
        pack_ref: 'examples',
        label: 'Long',
        version: '1.0.0',
        definition: { tasks },
      };
      expect((await call('POST', 'workflows', body)).status).toBe(201);
      const page = await site().visit('workflows/examples.long');
      const graph = page.getByRole('group', { name: 'Graph of examples.long' });
      const cards = graph.getByRole('button', { name: /^t\d/ });
      await cards.first().waitFor();
      expect(await graph.getAttribute('aria-description')).toBe('60 tasks');
      expect(await cards.count()).toBeLessThan(20);
      await cards.first().focus();
      for (let n = 0; n < 59; n += 1) await page.keyboard.press('ArrowDown');
      expect(await page.evaluate('document.activeElement.dataset.task')).toBe('t59');
      expect(await cards.count()).toBeLessThan(20);
      await page.keyboard.press('0');
      await expect.poll(() => cards.count()).toBe(60);
      expect(await page.evaluate('document.activeElement.dataset.task')).toBe('t59');
      await call('DELETE', `workflows/${body.ref}`);
    });

    it('are made from a text by keyboard, and changed by two people at once without a loss', async () => {
      const ref = 'examples.greeting';
      const text = (page: Page) => page.getByRole('textbox', { name: 'Definition text' });
      const store = (page: Page) => page.getByRole('button', { name: 'Store', exact: true });
      const edit = async (page: Page, change: [from: string, to: string]) =>
        text(page).fill((await text(page).inputValue()).replace(...change));
      const page = await site().visit('workflows?pack_ref=examples');
      await page.getByRole('link', { name: 'New workflow' }).press('Enter');
      await title(page, 'New workflow').waitFor();
      await edit(page, ['examples.new_workflow', 'examples.first_run']);
      await edit(page, ['core.log', 'core.lug']);
      await store(page).press('Enter');
      await page.getByRole('link', { name: /^Line 12: .*core\.lug/ }).waitFor();
      expect(await page.getByText('This workflow has 1 error.').count()).toBe(1);
      await site().examine(page);
      await edit(page, ['core.lug', 'core.log']);
      await store(page).press('Enter');
      await page.getByRole('alert').getByText('already exists').waitFor();
      await site().examine(page);
      await edit(page, ['examples.first_run', ref]);
      await store(page).press('Enter');
      await title(page, ref).waitFor();
      await expect.poll(() => readFocus(page)).toBe(ref);
      const stored = async () => (await call('GET', `workflows/${ref}`)).body.data;
      expect(await stored()).toMatchObject({ label: 'New workflow', version: '1.0.0', revision: 1 });

      // Two people open the same text.
      const other = await site().visit(`workflows/${ref}/check`);
      await text(other).waitFor();
      await page.getByRole('link', { name: 'Edit definition' }).click();
      await edit(page, ['"1.0.0"', '"1.1.0"']);
      await edit(page, ['Hello, ', 'Good morning, ']);
      await view(page, 'Graph').click();
      await page.getByRole('group', { name: `Graph of ${ref}` }).waitFor();
      await view(page, 'Check').click();
      // Its session has ended.
      await page.context().clearCookies();
      await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
      await page.getByRole('textbox', { name: 'API key or token' }).fill(DEV_KEY);
      await page.keyboard.press('Enter');
      await text(page).waitFor();
      expect(await text(page).inputValue()).toContain('Good morning');
      // Whoever looks at something else when the answer arrives stays there.
      const update = hold(page, 'PUT', ref);
      await store(page).click();
      const answered = await update;
      await view(page, 'Graph').click();
      await answered.continue();
      await page.getByText(`${ref} is stored: revision 2, version 1.1.0.`).waitFor();
      expect(await view(page, 'Graph').getAttribute('aria-selected')).toBe('true');
      await view(page, 'Definition').click();
      await page.getByRole('group', { name: 'Definition' }).getByText('Good morning').waitFor();
      expect(await stored()).toMatchObject({ version: '1.1.0', revision: 2 });
      await edit(other, ['"New workflow"', '"Greets"']);
      await store(other).click();
      await other.getByRole('alert').getByText('Somebody else has changed this workflow meanwhile').waitFor();
      const difference = other.getByRole('region', { name: 'Difference' });
      await difference.getByRole('insertion').filter({ hasText: 'Greets' }).waitFor();
      await difference.getByRole('deletion').filter({ hasText: 'Good morning' }).waitFor();
      expect(await text(other).inputValue()).toContain('label: "Greets"');
      expect(await stored()).toMatchObject({ label: 'New workflow', version: '1.1.0', revision: 2 });
      await site().examine(other);
      await edit(other, ['Hello, ', 'Good morning, ']);
      await other.getByRole('button', { name: 'Store anyway' }).click();
      await view(other, 'Definition').and(other.locator('[aria-selected=true]')).waitFor();
      await expect.poll(() => readFocus(other)).toBe(ref);
      await other.getByText('Greets', { exact: true }).waitFor();
      expect(await stored()).toMatchObject({ label: 'Greets', version: '1.0.0', revision: 3 });
      await call('DELETE', `workflows/${ref}`);
    });

    it('belong to packs, which are made where a workflow is', async () => {
      const page = await site().visit('workflows/new');
      const text = page.getByRole('textbox', { name: 'Definition text' });
      await text.waitFor();
      expect(await text.inputValue()).toMatch(/^ref: examples\.new_workflow\npack_ref: examples\n/);
      await page.getByRole('button', { name: 'New pack' }).click();
      const dialog = page.getByRole('dialog', { name: 'New pack' });
      await dialog.getByRole('textbox', { name: 'Name' }).fill('examples');
      await dialog.getByRole('textbox', { name: 'Label' }).fill('Made');
      await dialog.getByRole('button', { name: 'Create' }).click();
      await dialog.getByRole('alert').getByText('already exists').waitFor();
      await site().examine(page);
      await dialog.getByRole('textbox', { name: 'Name' }).fill('made');
      await dialog.getByRole('button', { name: 'Create' }).click();
      await page.getByText('The pack made is stored.').waitFor();
      await expect.poll(() => text.inputValue()).toMatch(/^ref: made\.new_workflow\npack_ref: made\n/);
      // A definition by itself has no name.
      const whole = await text.inputValue();
      await text.fill('tasks:\n  - name: a\n    action: core.noop\n');
      await page.getByRole('button', { name: 'Check' }).click();
      await page.getByRole('listitem').filter({ hasText: '/pack_ref' }).waitFor();
      await text.fill(whole);
      const creation = hold(page, 'POST', 'workflows');
      await page.getByRole('button', { name: 'Store', exact: true }).click();
      const answered = await creation;
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Workflows' }).click();
      await title(page, 'Workflows').waitFor();
      await answered.continue();
      await page.getByText('made.new_workflow is stored.').waitFor();
      expect(await title(page, 'Workflows').count()).toBe(1);
      expect((await call('DELETE', 'workflows/made.new_workflow')).status).toBe(200);
      expect((await call('DELETE', 'packs/made')).status).toBe(200);
    });

    it('that are stored lead nobody away who has left at once', async () => {
      const page = await site().visit('workflows');
      await title(page, 'Workflows').waitFor();
      // A person as fast as the browser: in the task that draws the form, before it is painted.
      await page.evaluate(`new MutationObserver((_, drawn) => {
        const store = [...document.querySelectorAll('main button')].find(({ textContent }) => textContent === 'Store');
        if (store === undefined) return;
        drawn.disconnect();
        store.click();
        document.querySelector('nav a[href$="/workflows"]').click();
      }).observe(document.body, { childList: true, subtree: true })`);
      const creation = hold(page, 'POST', 'workflows');
      await page.getByRole('link', { name: 'New workflow' }).click();
      const answered = await creation;
      await title(page, 'Workflows').waitFor();
      await answered.continue();
      await page.getByText('examples.new_workflow is stored.').waitFor();
      expect(await title(page, 'Workflows').count()).toBe(1);
      expect((await call('DELETE', 'workflows/examples.new_workflow')).status).toBe(200);
    });

    it('are simulated, checked, compared and looked up in their runs', async () => {
      await call('POST', 'packs', { ref: 'shop', label: 'Shop', version: '1.0.0' });
      expect((await call('POST', 'workflows', REFUND)).status).toBe(201);
      const page = await site().visit('workflows/shop.refund/revisions');
      await page.getByText('The workflow has not been changed since it was stored.').waitFor();
      const changed = JSON.parse(JSON.stringify(REFUND).replaceAll('50', '80').replace('to refund', 'in euros'));
      const { ref, pack_ref, ...rest } = changed;
      expect((await call('PUT', `workflows/${ref}`, { ...rest, version: '1.1.0' })).status).toBe(200);

      await page.goto('console/workflows/shop.refund/simulate');
      const input = page.getByRole('textbox', { name: 'Input (JSON)' });
      expect(JSON.parse(await input.inputValue())).toEqual({ amount: null });
      await input.fill('{ "amount": ');
      await page.getByRole('button', { name: 'Simulate' }).click();
      await page.getByRole('alert').getByText('"Input" is not valid JSON').waitFor();
      await input.fill('{ "amount": 90 }');
      await page.getByRole('textbox', { name: 'Outcomes (JSON)' }).fill('{ "ask": { "output": { "option": "yes" } } }');
      await page.getByRole('button', { name: 'Simulate' }).click();
      await page.getByRole('status', { name: 'Outcome' }).getByText('completed').waitFor();
      const graph = page.getByRole('group', { name: 'Graph of shop.refund' });
      await graph.getByRole('button', { name: 'refund, core.transform: completed' }).waitFor();
      const slider = page.getByRole('slider', { name: 'Step' });
      expect(await slider.getAttribute('aria-valuetext')).toBe('Step 3 of 3: refund, completed');
      await slider.press('ArrowLeft');
      await graph.getByRole('button', { name: 'refund, core.transform: not begun' }).waitFor();
      await page.getByRole('group', { name: 'Input of ask' }).getByText('Refund 90?').waitFor();
      const templates = page.getByRole('table', { name: 'Templates' });
      const prompt = (await templates.getByRole('row').nth(1).innerText()).split('\t');
      expect(prompt).toEqual(['prompt', 'Refund {{ amount }}?', '"Refund 90?"']);
      await page.keyboard.press('ArrowLeft');
      const why = page.getByRole('table', { name: 'Why' }).getByRole('row');
      expect((await why.allInnerTexts()).map((text) => text.split(/\s*\t\s*/))).toEqual([
        ['From', 'To', 'When', 'Value', 'Fired', 'Reason'],
        ['check', 'refund', 'amount <= 80', 'false', 'no', 'the condition is false\n\namount is 90'],
        ['check', 'ask', 'amount > 80', 'true', 'yes', 'the condition is true\n\namount is 90'],
      ]);
      await site().examine(page);

      await view(page, 'Check').click();
      const text = page.getByRole('textbox', { name: 'Definition text' });
      await page.getByRole('button', { name: 'Check' }).click();
      await page.getByText('This workflow can be stored.').waitFor();
      await text.fill((await text.inputValue()).replace('name: refund', 'nam: refund'));
      await page.getByRole('status', { name: 'Result' }).waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Check' }).click();
      const issue = page.getByRole('list', { name: 'Issues' }).getByRole('link').first();
      const line = Number(/^Line (\d+): /.exec((await issue.textContent())!)![1]);
      await site().examine(page);
      await issue.press('Enter');
      const caret = await text.evaluate((field) => (field as unknown as { selectionStart: number }).selectionStart);
      expect((await text.inputValue()).slice(0, caret).split('\n')).toHaveLength(line);
      await text.fill('tasks:\n  - name: a\n    action: core.noop\n    foo: 1\n');
      await page.getByRole('button', { name: 'Check' }).click();
      await page.getByRole('link', { name: 'Line 4: unknown field "foo".' }).waitFor();

      await view(page, 'Revisions').click();
      const difference = page.getByRole('region', { name: 'Difference' });
      await difference.getByText('Amount in euros').waitFor();
      expect(await difference.getByRole('insertion').allInnerTexts()).toEqual([
        expect.stringContaining('amount <= 80'),
        expect.stringContaining('amount > 80'),
        expect.stringContaining('Amount in euros'),
      ]);
      await site().examine(page);
      await page.getByRole('combobox', { name: 'From revision' }).selectOption('2');
      await page.getByText('These are the same revision.').waitFor();

      await view(page, 'Runs').click();
      await page.getByText('No run of this workflow has been started.').waitFor();
      const latest = page.getByRole('region', { name: 'Latest runs' });
      await latest.getByText('It has not been run yet.').waitFor();
      const { id } = (await call('POST', 'executions', { action_ref: ref, parameters: { amount: 2 }, wait: 30 })).body
        .data;
      await page.getByRole('table', { name: 'Runs' }).getByRole('rowheader').waitFor();
      await site().examine(page);

      await view(page, 'Started by').click();
      await page.getByText('No rule starts it.').waitFor();
      await page.getByText('No schedule starts it.').waitFor();
      const rule = {
        ref: 'shop.refunds',
        pack_ref: 'shop',
        label: 'Refunds',
        type: 'com.example.returned',
        workflow: ref,
      };
      expect((await call('POST', 'rules', { ...rule, parameters: { amount: 1 } })).status).toBe(201);
      const schedule = { id: 'refunds', workflow: ref, input: { amount: 1 }, spec: { every: 86_400 } };
      expect((await call('POST', 'schedules', schedule)).status).toBe(201);
      await until(
        async () => (await call('GET', 'schedules')).body.data,
        (listed) => listed.length === 1,
      );
      await page.reload();
      await page.getByRole('table', { name: 'Rules that start it' }).getByRole('link', { name: rule.ref }).waitFor();
      await page.getByRole('table', { name: 'Schedules that start it' }).getByText('every 1 d').waitFor();
      await latest.getByText('1 of 1 succeeded (100 %)').waitFor();
      await site().examine(page);
      await latest.getByRole('link', { name: `Run ${id}, completed` }).click();
      await title(page, `${ref} ${id}`).waitFor();
      await page.goto('console/workflows?pack_ref=core');
      await page.getByText('This pack has no workflows.').waitFor();
      await page.goto('console/workflows?pack_ref=shop');
      const row = page.getByRole('table', { name: 'Workflows' }).getByRole('row', { name: new RegExp(`^${ref}`) });
      await row.getByRole('link', { name: '1 completed' }).waitFor();
      await site().examine(page);
      await row.getByRole('link', { name: '1 completed' }).click();
      await page
        .getByRole('table', { name: 'Runs' })
        .getByRole('link', { name: String(id) })
        .waitFor();
      await call('DELETE', `schedules/${schedule.id}`);
      await call('DELETE', `rules/${rule.ref}`);
    });
  });
}
