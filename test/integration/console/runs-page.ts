import type { Page, Request } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { broughtAbout, readFocus, title } from './pages.ts';
import type { Console } from './visitor.ts';

const rows = (page: Page) => page.getByRole('table', { name: 'Runs' }).getByRole('row');

/** Tests the list of runs, of which there are 26 that have failed and one that has completed. */
export function testRunsPage(site: () => Console, fail: (message: string) => Promise<number>): void {
  describe('the runs', () => {
    it('that are none yet lead to the workflows, and none that match do not', async () => {
      const page = await site().visit('nothing');
      const pagination = { page: 1, page_size: 25, total_items: 0, total_pages: 0 };
      await page.route('**/api/v1/executions?*', (route) => route.fulfill({ json: { data: [], pagination } }));
      await page.goto('console/runs?live=0');
      await page.getByText('No runs yet.').waitFor();
      await site().examine(page);
      await page.goto('console/runs?live=0&search=7');
      await page.getByText('No runs match these filters.').waitFor();
      expect(await page.getByRole('tabpanel').getByRole('link').count()).toBe(0);
      await page.goto('console/runs?live=0');
      await page.getByRole('tabpanel').getByRole('link', { name: 'a workflow' }).click();
      await title(page, 'Workflows').waitFor();
    });

    it('have targets that a finger and a mouse can hit', async () => {
      const page = await site().visit('runs?live=0');
      await expect.poll(() => rows(page).count()).toBe(26);
      const heights = () =>
        page.evaluate<number[]>(
          '[...document.querySelectorAll("main a, main button:not(.hidden), main select, .target")].map((each) => each.getBoundingClientRect().height)',
        );
      expect(Math.min(...(await heights()))).toBeGreaterThanOrEqual(24);
      const client = await page.context().newCDPSession(page);
      await client.send('Emulation.setTouchEmulationEnabled', { enabled: true });
      const touched = await page.evaluate<number[]>(
        '[...document.querySelectorAll("main button:not(.hidden), main select, .target")].map((each) => each.getBoundingClientRect().height)',
      );
      expect(Math.min(...touched)).toBeGreaterThanOrEqual(44);
    });

    it('are read in pages, filtered by their counts, and found again with the button of the browser', async () => {
      const page = await site().visit('');
      await title(page, 'Runs').waitFor();
      await expect.poll(() => rows(page).count()).toBe(26);
      await site().examine(page);
      await page.getByRole('button', { name: 'Next page' }).click();
      await expect.poll(() => rows(page).count()).toBe(3);
      expect(new URL(page.url()).search).toBe('?page=2');
      await page.getByRole('group', { name: 'Counts by status' }).getByRole('button', { name: 'Completed 1' }).click();
      await expect.poll(() => rows(page).count()).toBe(2);
      await page.getByRole('cell', { name: 'core.noop' }).waitFor();
      expect(new URL(page.url()).search).toBe('?status=completed');
      expect(await page.getByRole('combobox', { name: 'Status' }).inputValue()).toBe('completed');
      await page.goBack();
      await expect.poll(() => rows(page).count()).toBe(3);
      expect(await page.getByRole('combobox', { name: 'Status' }).inputValue()).toBe('');
    });

    it('are filtered by what is typed; nothing found is said, and so is what cannot be read', async () => {
      const page = await site().visit('runs');
      const form = page.getByRole('search', { name: 'Filter runs' });
      await form.getByRole('textbox', { name: 'Workflow' }).fill('noop');
      await page.keyboard.press('Enter');
      await expect.poll(() => rows(page).count()).toBe(2);
      await page
        .getByRole('group', { name: 'Counts by status' })
        .getByRole('button', { name: 'Completed 1' })
        .waitFor();
      expect(await page.getByRole('group', { name: 'Counts by status' }).getByRole('button').count()).toBe(1);
      await form.getByRole('textbox', { name: 'Created after' }).fill('soon');
      await page.keyboard.press('Tab');
      await page.getByText('Use 30m, 2h, 7d').waitFor();
      await site().examine(page);
      await form.getByRole('textbox', { name: 'Created before' }).fill('1d');
      await page.keyboard.press('Tab');
      await page.getByText('No runs match these filters.').waitFor();
      await site().examine(page);
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await expect.poll(() => rows(page).count()).toBe(26);
      expect(new URL(page.url()).search).toBe('');
      await page.goto('console/runs?group=errors&search=9&page=2');
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await page.getByRole('table', { name: 'Errors' }).waitFor();
      expect(new URL(page.url()).search).toBe('?group=errors');
    });

    it('appear as they start, and wait for a click where somebody reads further down', async () => {
      const page = await site().visit('runs');
      await expect.poll(() => rows(page).count()).toBe(26);
      const reads: Request[] = [];
      page.on('request', (request) => void (request.url().includes('/executions?') && reads.push(request)));
      const id = await fail('a new one');
      await page.getByRole('cell', { name: String(id) }).waitFor();
      // Reads of the page itself are no use of the session.
      expect(new Set(reads.map((request) => request.headers()['x-background']))).toEqual(new Set(['1']));
      await page.evaluate('scrollTo(0, 600)');
      const later = await fail('a later one');
      await page.getByRole('button', { name: 'Show 1 new run' }).click();
      await page.getByRole('cell', { name: String(later) }).waitFor();
      expect(await page.evaluate('scrollY')).toBe(0);
      await page.getByRole('switch', { name: 'Live' }).click();
      await expect.poll(() => new URL(page.url()).search).toBe('?live=0');
    });

    it('that cannot be read, or may not, or are on their way, are said to be so', async () => {
      // A page that reads nothing, whose reads could take the answers.
      const page = await site().visit('nothing');
      const refusal = (status: number, error: string) => ({
        status,
        json: { error, status, code: 'internal', request_id: 'request-7' },
      });
      const answers = [refusal(500, 'internal error'), refusal(403, 'the permission "execution:read" is required')];
      let release = () => {};
      await page.route('**/api/v1/executions?*', async (route) => {
        const answer = answers.shift();
        if (answer !== undefined) return route.fulfill(answer);
        await new Promise<void>((resolve) => (release = resolve));
        return route.continue();
      });
      await page.goto('console/runs?live=0');
      await page.getByRole('alert').getByText('The runs could not be read').waitFor();
      await page.getByText('request-7').waitFor();
      await site().examine(page);
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByText('You are not allowed to see this').waitFor();
      await site().examine(page);
      await page.goto('console/runs?live=0');
      await page.getByRole('status', { name: 'Loading the runs' }).waitFor();
      await site().examine(page);
      release();
      await expect.poll(() => rows(page).count()).toBe(26);
    });

    it('that start while the stream is broken appear once the browser has opened it again', async () => {
      const page = await site().visit('nothing');
      await page.route('**/api/v1/executions/events', (route) => route.abort(), { times: 1 });
      await broughtAbout(
        page.waitForEvent('requestfailed', (request) => request.url().endsWith('/events')),
        () => page.goto('console/runs'),
      );
      await page.getByRole('row').nth(1).waitFor();
      const id = await fail('unseen');
      await page.getByRole('cell', { name: String(id) }).waitFor();
    });

    it('are grouped by their errors, which lead to them, and a list is found again by its name', async () => {
      const page = await site().visit('runs?workflow=core.fail&live=0');
      await page.getByRole('tab', { name: 'All runs' }).press('ArrowRight');
      const group = page.getByRole('table', { name: 'Errors' }).getByRole('row', { name: /no luck/ });
      expect(await group.getByRole('cell').nth(1).innerText()).toBe('26');
      await site().examine(page);
      await group.getByRole('link', { name: 'ACTION_ERROR' }).press('Enter');
      await page.getByText('Showing only runs with this error.').waitFor();
      await page.getByText('1 to 25 of 26 runs').waitFor();
      await page.getByRole('button', { name: 'Save view' }).click();
      const dialog = page.getByRole('dialog', { name: 'Save view' });
      await dialog.getByRole('textbox', { name: 'Name' }).fill('No <b>luck</b>');
      await page.keyboard.press('Enter');
      await dialog.waitFor({ state: 'detached' });
      const { search } = new URL(page.url());
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await page.reload();
      await page.getByRole('list', { name: 'Saved views' }).getByRole('link', { name: 'No <b>luck</b>' }).click();
      await page.getByText('1 to 25 of 26 runs').waitFor();
      expect(new URL(page.url()).search).toBe(search);
      await page.getByRole('button', { name: 'Forget No <b>luck</b>' }).click();
      await page.getByRole('list', { name: 'Saved views' }).waitFor({ state: 'detached' });
      expect(await readFocus(page)).toBe('Save view');
    });

    it('are chosen, and acted upon together by a job, which says what it could not do', async () => {
      const ids = [await fail('one of three'), await fail('two of three'), await fail('three of three')];
      const page = await site().visit('runs?live=0&result=of+three');
      const act = async (word: string, name: string | RegExp) => {
        await page.getByRole('toolbar', { name: 'Selected runs' }).getByRole('button', { name: word }).press('Enter');
        const dialog = page.getByRole('dialog', { name });
        await dialog.getByRole('textbox', { name: 'Reason' }).fill('no longer needed');
        await page.keyboard.press('Enter');
        await dialog.waitFor({ state: 'detached' });
      };
      for (const id of ids) await page.getByRole('checkbox', { name: `Select run ${id}` }).press('Space');
      await site().examine(page);
      await act('Cancel', 'Cancel 3 runs');
      await page.getByText('0 runs asked to stop, 3 runs left unchanged.').waitFor();
      await page
        .getByRole('list', { name: 'Runs left unchanged' })
        .getByRole('link', { name: String(ids[0]) })
        .waitFor();
      await site().examine(page);
      await page.getByRole('button', { name: 'Close job' }).click();
      for (const id of ids) await page.getByRole('checkbox', { name: `Select run ${id}` }).check();
      await act('Delete', 'Delete 3 runs');
      await page.getByText('3 runs deleted.').waitFor();
      await page.getByRole('cell', { name: String(ids[0]) }).waitFor({ state: 'detached' });

      await page.goto('console/runs?live=0&workflow=core.fail');
      await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
      const selectAll = page.getByRole('button', { name: /^Select all \d+ that match$/ });
      await selectAll.click();
      await page
        .getByRole('checkbox', { name: /^Select run/ })
        .first()
        .uncheck();
      await page.getByText('24 selected').waitFor();
      await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
      await selectAll.click();
      await page.getByRole('toolbar', { name: 'Selected runs' }).getByRole('button', { name: 'Terminate' }).click();
      await page.getByRole('dialog').getByText('Applies to 0 runs.').waitFor();
      await site().examine(page);
      // Whoever presses a key right after a dialog is closed presses the button that has opened it.
      await Promise.all(['Escape', 'Enter'].map((key) => page.keyboard.press(key)));
      await page.getByRole('dialog').getByText('Applies to 0 runs.').waitFor();
      await page.keyboard.press('Escape');
      const sent = await broughtAbout(
        page.waitForRequest((request) => request.url().endsWith('/bulk/terminate')),
        () => act('Terminate', /^Terminate \d+ runs$/),
      );
      const { filter } = sent.postDataJSON();
      expect(filter).toEqual({ action_ref: 'core.fail', created_before: expect.any(String) });
      await page.getByText('0 runs terminated.').waitFor();
    });

    it('cannot be selected while the list is not that of the filters, and a page behind the last is the last', async () => {
      const page = await site().visit('runs?live=0&workflow=core.fail&page=99');
      await page.getByText('26 to').waitFor();
      expect(new URL(page.url()).searchParams.get('page')).toBe('2');
      const bar = page.getByRole('checkbox', { name: 'Select all on this page' });
      await bar.waitFor();
      let release = () => {};
      await page.route('**/api/v1/executions?*status=completed*', async (route) => {
        await new Promise<void>((resolve) => (release = resolve));
        return route.continue();
      });
      await broughtAbout(
        page.waitForRequest((request) => request.url().includes('status=completed')),
        () => page.getByRole('combobox', { name: 'Status' }).selectOption('completed'),
      );
      await bar.waitFor({ state: 'detached' });
      expect(await page.getByRole('checkbox').count()).toBe(0);
      expect(await rows(page).count()).toBeGreaterThan(1);
      release();
      await page.getByText('No runs match these filters.').waitFor();
    });

    it('show a job that may not be read once, and do not ask for it again', async () => {
      const page = await site().visit('nothing');
      await page.clock.install();
      let reads = 0;
      page.on('request', (request) => {
        if (request.url().endsWith('/bulk/e')) reads += 1;
      });
      await page.route('**/api/v1/bulk/e', (route) => {
        const json = { error: 'the permission "execution:read" is required', status: 403, code: 'forbidden' };
        return route.fulfill({ status: 403, json });
      });
      await page.goto('console/runs?live=0&job=e');
      await page.getByText('You are not allowed to see this').waitFor();
      // One that was due before the first answer is on its way, if that took a second.
      await page.clock.runFor(1_000);
      await page.evaluate('document.title');
      const before = reads;
      expect(before).toBeLessThan(3);
      await page.clock.runFor(5_000);
      // Requests of the page come before the answer to this.
      await page.evaluate('document.title');
      expect(reads).toBe(before);
      await page.getByRole('button', { name: 'Try again' }).click();
      await expect.poll(() => reads).toBe(before + 1);
    });

    it('are counted while a job reaches them, until it is aborted', async () => {
      const page = await site().visit('nothing');
      let status = 'running';
      await page.route('**/api/v1/bulk/*', (route) => {
        if (route.request().method() === 'DELETE') status = 'aborted';
        const job = { id: 'e', verb: 'terminate', status, matched: 10, succeeded: 3, failed: 1, errors: [] };
        return route.fulfill({ json: { data: job } });
      });
      await page.goto('console/runs?live=0&workflow=core.noop&job=e');
      const progress = page.getByRole('progressbar', { name: 'Bulk job' });
      await progress.waitFor();
      expect([await progress.getAttribute('value'), await progress.getAttribute('max')]).toEqual(['4', '10']);
      await site().examine(page);
      await page.getByRole('button', { name: 'Abort' }).click();
      await page.getByText('3 runs terminated, 1 run left unchanged, 6 runs not reached.').waitFor();
    });

    it('are dark or light as somebody has chosen, also after a reload', async () => {
      const page = await site().visit('runs');
      await page.emulateMedia({ colorScheme: 'light' });
      const paper = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
      await page.getByRole('combobox', { name: 'Theme' }).selectOption('Dark');
      expect(await paper()).toBe('rgb(17, 21, 28)');
      await page.reload();
      expect(await paper()).toBe('rgb(17, 21, 28)');
    });

    it('are not what an address shows that no page has', async () => {
      const page = await site().visit('nothing/here');
      await title(page, 'Page not found').waitFor();
      await site().examine(page);
      await page.getByRole('link', { name: 'Skip to content' }).press('Enter');
      expect(await page.evaluate('document.activeElement.id')).toBe('content');
    });
  });
}
