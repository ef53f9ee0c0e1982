import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createGate } from '../support/gate.ts';
import { until } from '../support/until.ts';
import { drawn, readActiveRow, readFocus, title } from './pages.ts';
import type { Console } from './visitor.ts';

/** A task asks for a word and, as long as it is not "go", asks again; one more task follows. */
const ASKING = {
  ref: 'site.asking',
  pack_ref: 'site',
  label: 'Asks for a word',
  version: '1.0.0',
  definition: {
    tasks: [
      { name: 'list', action: 'core.transform', input: { data: [1, 2, 3] }, on_success: ['each', 'ask'] },
      { name: 'each', action: 'core.noop', with_items: '{{ list.output }}', on_success: 'end' },
      {
        name: 'ask',
        action: 'core.wait_signal',
        input: { name: 'word' },
        next: [
          { when: 'result() == "go"', do: 'end' },
          { when: 'result() != "go"', do: 'ask' },
        ],
      },
      {
        name: 'end',
        action: 'core.fail',
        join: 'all',
        input: { message: '<script>alert(1)</script>' },
        on_failure: 'never',
      },
      { name: 'never', action: 'core.fail', input: { message: 'it ends badly' } },
    ],
  },
};

/** Tests the page of one run. */
export function testRunPage(site: () => Console): void {
  describe('a run', () => {
    const call = (method: string, path: string, body?: unknown) => site().harness.call(method, `/api/v1/${path}`, body);

    async function begin(): Promise<{ id: number; page: Page }> {
      const { id } = (await call('POST', 'executions', { action_ref: ASKING.ref })).body.data;
      const page = await site().visit(`runs/${id}`);
      await title(page, `${ASKING.ref} ${id}`).waitFor();
      return { id, page };
    }

    beforeAll(async () => {
      await call('POST', 'packs', { ref: 'site', label: 'Site', version: '1.0.0' });
      expect((await call('POST', 'workflows', ASKING)).status).toBe(201);
    });

    it('shows what it waits for, moves on as it is told, and fails, all by keyboard', async () => {
      const { page } = await begin();
      const graph = page.getByRole('group', { name: `Graph of ${ASKING.ref}` });
      await graph.getByRole('button', { name: 'ask, core.wait_signal: 1 running' }).waitFor();
      await graph.getByRole('button', { name: 'each, core.noop: 1 completed; items: 3 completed' }).waitFor();
      await graph.getByRole('button', { name: 'end, core.fail: not begun' }).waitFor();
      await page.getByText('"ask" waits for the signal "word".').waitFor();
      await site().examine(page);
      for (const word of ['later', 'go']) {
        await page
          .getByRole('region', { name: 'What happens next' })
          .getByRole('button', { name: 'Signal' })
          .press('Enter');
        const dialog = page.getByRole('dialog', { name: 'Signal this run' });
        expect(await dialog.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('word');
        await page.keyboard.press('Tab');
        await page.keyboard.type(word);
        if (word === 'later') {
          await page.keyboard.press('Tab');
          await page.keyboard.press('Tab');
          await page.keyboard.press('Enter');
          await dialog.getByRole('alert').getByText('"Payload" is not valid JSON').waitFor();
          await site().examine(page);
          await dialog.getByRole('textbox', { name: 'Payload (JSON)' }).fill('"later"');
        } else await dialog.getByRole('textbox', { name: 'Payload (JSON)' }).fill('"go"');
        await dialog.getByRole('button', { name: 'Signal this run' }).press('Enter');
        await dialog.waitFor({ state: 'detached' });
        await page.getByRole('status', { name: 'Notices' }).getByText('The signal was sent.').waitFor();
        if (word === 'later')
          await graph.getByRole('button', { name: 'ask, core.wait_signal: 1 running, 1 completed' }).waitFor();
      }
      await page.getByText('Status failed').waitFor();
      await page.getByRole('region', { name: 'Result' }).getByText('it ends badly').waitFor();
      await page.getByRole('region', { name: 'Result' }).getByRole('link', { name: 'See task never' }).press('Enter');
      const failed = page.getByRole('complementary', { name: 'Task never' });
      await failed.getByRole('tab', { name: 'Error', selected: true }).waitFor();
      expect(await failed.getByRole('tab').allInnerTexts()).toEqual([
        'Input',
        'Output',
        'Attempts (1)',
        'Error',
        'Log',
      ]);
      await site().examine(page);
      await failed.getByRole('tab', { name: 'Error' }).press('ArrowRight');
      const said = failed.getByRole('log', { name: 'Log of never' });
      await said.getByText('"never" ended as failed: it ends badly').waitFor();
      expect(await said.getByRole('listitem').count()).toBe(2);
      await site().examine(page);
      await failed.getByRole('tab', { name: 'Output' }).click();
      await failed.getByText('It has no output, because it failed.').waitFor();

      await page.getByRole('button', { name: 'Close task' }).click();
      await page.getByRole('tab', { name: 'Graph' }).focus();
      for (const key of ['ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
      const log = page.getByRole('log', { name: 'Run log' });
      await log.getByText('"list" started').waitFor();
      expect(new URL(page.url()).pathname).toMatch(/\/log$/);
      await site().examine(page);
      await page.getByRole('combobox', { name: 'Level' }).selectOption('error');
      await log.getByText('"list" started').waitFor({ state: 'detached' });
      expect(await log.getByRole('listitem').count()).toBeGreaterThan(0);
    });

    it('shows all of its end, though it was seen to be closed before the news of that were looked at', async () => {
      const { id, page } = await begin();
      const graph = page.getByRole('group', { name: `Graph of ${ASKING.ref}` });
      await graph.getByRole('button', { name: 'ask, core.wait_signal: 1 running' }).waitFor();
      const { opened, open } = createGate();
      await page.route(`**/executions/${id}?view=lean`, (route) => opened.then(() => route.continue()), { times: 1 });
      await call('POST', `executions/${id}/signal`, { name: 'word', payload: 'later' });
      await graph.getByRole('button', { name: 'ask, core.wait_signal: 1 running, 1 completed' }).waitFor();
      await call('POST', `executions/${id}/signal`, { name: 'word', payload: 'go' });
      await until(
        async () => (await call('GET', `executions/${id}`)).body.data.status,
        (status) => status === 'failed',
      );
      open();
      await page.getByText('Status failed').waitFor();
      await graph.getByRole('button', { name: 'never, core.fail: 1 failed' }).waitFor();
    });

    it('has a timeline, whose rows open and lead to their tasks by keyboard', async () => {
      const { id, page } = await begin();
      await page.getByText('"ask" waits for the signal "word".').waitFor();
      await page.getByRole('tab', { name: 'Graph' }).press('ArrowRight');
      const grid = page.getByRole('treegrid', { name: 'Timeline' });
      await grid.getByRole('row', { name: 'ask, running' }).waitFor();
      expect(new URL(page.url()).pathname).toBe(`/console/runs/${id}/timeline`);
      expect(await grid.getAttribute('aria-rowcount')).toBe('4');
      await site().examine(page);
      await grid.press('ArrowDown');
      await page.keyboard.press('ArrowRight');
      const item = grid.getByRole('row', { name: 'each[2], completed' });
      await item.waitFor();
      expect(await grid.getAttribute('aria-rowcount')).toBe('7');
      expect([await item.getAttribute('aria-level'), await item.getAttribute('aria-rowindex')]).toEqual(['2', '6']);
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
      expect(await readActiveRow(page)).toBe('each[2], completed');
      await page.keyboard.press('Enter');
      await page.getByRole('complementary', { name: 'Task each[2]' }).waitFor();
      await site().examine(page);
      await expect.poll(() => readFocus(page)).toBe('each[2]');
      await page.keyboard.press('Escape');
      expect(await page.evaluate('document.activeElement.getAttribute("role")')).toBe('treegrid');
      await page.keyboard.press('ArrowLeft');
      expect(await readActiveRow(page)).toBe('each, completed');
      await page.keyboard.press('ArrowLeft');
      await item.waitFor({ state: 'detached' });
      const ask = grid.getByRole('row', { name: 'ask, running' });
      const rowId = await ask.getAttribute('id');
      await grid.getByRole('button', { name: 'Open each' }).click();
      await item.waitFor();
      expect([await ask.getAttribute('id'), await ask.getAttribute('aria-rowindex')]).toEqual([rowId, '7']);
      expect(await item.getByRole('gridcell').count()).toBe(4);
      await site().examine(page);
      await page.keyboard.press('ArrowLeft');
      await item.waitFor({ state: 'detached' });
      await page.keyboard.press('End');
      expect(await readActiveRow(page)).toBe('ask, running');
      await page.getByRole('combobox', { name: 'Show' }).selectOption('waiting');
      await grid.getByRole('row', { name: 'list, completed' }).waitFor({ state: 'detached' });
      expect(await grid.getAttribute('aria-rowcount')).toBe('2');
      await page.getByRole('combobox', { name: 'Show' }).selectOption('failed');
      await page.getByText('No task is failed.').waitFor();
      expect(new URL(page.url()).searchParams.get('show')).toBe('failed');
      await page.getByRole('combobox', { name: 'Show' }).selectOption('all');
      await page.getByRole('switch', { name: 'Collapse idle time' }).click();
      await grid.locator('.break').first().waitFor();
      await call('POST', `executions/${id}/signal`, { name: 'word', payload: 'go' });
      await grid.getByRole('row', { name: 'never, failed' }).waitFor();
    });

    it('with many tasks has a timeline of which only the rows in sight are drawn', async () => {
      const { id, page } = await begin();
      await page.getByText('"ask" waits for the signal "word".').waitFor();
      const { data, ...rest } = (await call('GET', `executions/${id}/tasks`)).body;
      const total = 8_324;
      await page.route(`**/executions/${id}/tasks?**`, (route) => {
        const query = new URL(route.request().url()).searchParams;
        const from = Number(query.get('cursor') ?? 0);
        const more = from + Number(query.get('limit')) < total;
        const rows = Array.from({ length: Math.min(Number(query.get('limit')), total - from) }, (_, n) => {
          const key = `task#${from + n + 1}`;
          return { ...data[0], key };
        });
        const next = more ? String(from + rows.length) : null;
        return route.fulfill({ json: { ...rest, data: rows, total, next_cursor: next } });
      });
      await page.goto(`console/runs/${id}/timeline`);
      const grid = page.getByRole('treegrid', { name: 'Timeline' });
      await grid.getByRole('row', { name: 'task#1, completed' }).waitFor();
      expect(await grid.getAttribute('aria-rowcount')).toBe(String(total + 1));
      await grid.focus();
      // Back to back: the second is counted from rows that are still being read, and the third is for one of them.
      await Promise.all(['End', 'ArrowUp', 'Enter'].map((key) => page.keyboard.press(key)));
      await grid.getByRole('row', { name: `task#${total - 1}, completed` }).waitFor();
      await page.getByRole('complementary', { name: `Task task#${total - 1}` }).waitFor();
      await page.keyboard.press('Escape');
      await expect.poll(() => readActiveRow(page)).toBe(`task#${total - 1}, completed`);
      expect(await grid.getByRole('row').count()).toBeLessThan(60);
    });

    it('lets its tasks be opened from the graph, and gives the focus back', async () => {
      const { page } = await begin();
      const graph = page.getByRole('group', { name: `Graph of ${ASKING.ref}` });
      await graph.getByRole('button', { name: 'each, core.noop: 1 completed; items: 3 completed' }).waitFor();
      await graph.getByRole('button', { name: 'list, ' }).press('ArrowDown');
      expect(await page.evaluate('document.activeElement.dataset.task')).toBe('each');
      await page.keyboard.press('Enter');
      const panel = page.getByRole('complementary', { name: 'Task each' });
      await panel.getByRole('tab', { name: 'Items (3)' }).click();
      await panel.getByRole('link', { name: 'each[1]' }).click();
      const item = page.getByRole('complementary', { name: 'Task each[1]' });
      await item.getByText('null', { exact: true }).waitFor();
      await item.getByRole('tab', { name: 'Error' }).click();
      await item.getByText('It has not failed.').waitFor();
      expect(new URL(page.url()).searchParams.get('task')).toBe('each[1]');
      await site().examine(page);
      await expect.poll(() => readFocus(page)).toBe('each[1]');
      await page.keyboard.press('Escape');
      await item.waitFor({ state: 'detached' });
      expect(await page.evaluate('document.activeElement.dataset.task')).toBe('each');
      // The picture takes the room of the task.
      await drawn(page);
      const place = () => graph.locator('svg > g').getAttribute('transform');
      const fitted = await place();
      await page.keyboard.press('+');
      await expect.poll(place).not.toBe(fitted);
      const zoomed = await place();
      for (const key of ['Control+0', 'Meta+-', 'Alt+ArrowUp']) await page.keyboard.press(key);
      expect(await page.evaluate('document.activeElement.dataset.task')).toBe('each');
      expect(await place()).toBe(zoomed);
      for (const key of ['-', '0']) await page.keyboard.press(key);
      await page.getByRole('switch', { name: 'As a list' }).click();
      const row = page.getByRole('table', { name: 'Tasks of the definition' }).getByRole('row', { name: /^ask / });
      expect(await row.innerText()).toContain('1 running');
      await site().examine(page);
    });

    it('is paused, resumed and terminated with a reason, and can be retried and deleted once it has ended', async () => {
      const { id, page } = await begin();
      const controls = page.getByRole('toolbar', { name: 'Run controls' });
      const act = async (word: string, name: string, reason?: string) => {
        await controls.getByRole('button', { name: word }).click();
        const dialog = page.getByRole('dialog', { name });
        if (reason !== undefined) await dialog.getByRole('textbox', { name: 'Reason' }).fill(reason);
        await dialog.getByRole('button', { name }).click();
        await dialog.waitFor({ state: 'detached' });
      };
      await act('Pause', 'Pause this run', 'a freeze');
      await page.getByText('Status paused').waitFor();
      await page.getByText('It is paused by dev: a freeze. Resume it to continue.').waitFor();
      await act('Resume', 'Resume this run');
      await page.getByText('Status waiting').waitFor();
      await controls.getByRole('button', { name: 'Terminate' }).click();
      await site().examine(page);
      await page.keyboard.press('Escape');
      expect(await readFocus(page)).toBe('Terminate');
      await act('Terminate', 'Terminate this run', 'no longer needed');
      await page.getByText('Status terminated').waitFor();
      expect(await controls.getByRole('button').allInnerTexts()).toEqual(['Retry', 'Delete']);
      await act('Retry', 'Retry this run');
      await page.getByRole('link', { name: `Retry of ${id}` }).click();
      await page.getByRole('link', { name: 'Retried as' }).waitFor();
      await act('Delete', 'Delete this run');
      await title(page, 'Runs').waitFor();
      expect((await call('GET', `executions/${id}`)).status).toBe(404);
    });

    it('is shown with a task of it where an address has the id of that', async () => {
      const body = { action_ref: 'core.transform', parameters: { data: 7 }, wait: 30 };
      const { id, tasks } = (await call('POST', 'executions', body)).body.data;
      const page = await site().visit(`runs/${tasks[0].id}/timeline`);
      await title(page, `core.transform ${id}`).waitFor();
      const { pathname, search } = new URL(page.url());
      expect([pathname, search]).toEqual([
        `/console/runs/${id}/timeline`,
        `?${new URLSearchParams({ task: tasks[0].key })}`,
      ]);
      await page.getByRole('complementary', { name: `Task ${tasks[0].key}` }).waitFor();
    });

    it('that is not there, or on its way, is said to be so', async () => {
      const page = await site().visit('runs/12');
      await page.getByRole('alert').getByText('Execution with ID 12 not found').waitFor();
      await site().examine(page);
      await page.route('**/api/v1/executions/13?*', () => {});
      await page.goto('console/runs/13');
      await page.getByRole('status', { name: 'Loading the run' }).waitFor();
      await site().examine(page);
    });
  });
}
