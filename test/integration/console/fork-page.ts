import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGate } from '../support/gate.ts';
import { createWebServer, type WebServer } from '../support/web-server.ts';
import { broughtAbout, stepTo, title } from './pages.ts';
import { keepPicture } from './picture.ts';
import type { Console } from './visitor.ts';

const REF = 'site.release';
const MARKUP = '<img src=x onerror="throw 3"><b>\u202eevil</b>';

/** Tests the view of a run from which another one is started. */
export function testForkPage(site: () => Console): void {
  describe('a fork', () => {
    let web: WebServer;
    const call = (method: string, path: string, body?: unknown) => site().harness.call(method, `/api/v1/${path}`, body);
    const http = (name: string, rest: object = {}) => ({
      name,
      action: 'core.http',
      input: {
        url: `${web.url}/counted/{{ workflow.param.run }}/${name}`,
        body: { note: '{{ workflow.param.note }}' },
        method: 'POST',
      },
      ...rest,
    });
    const definition = (last: object = {}) => ({
      tasks: [
        { name: 'build', action: 'core.transform', input: { data: 'app-7' } },
        http('publish'),
        http('deploy', last),
        { name: 'report', action: 'core.log', input: { message: 'deployed {{ build.output }}' } },
      ],
    });

    beforeAll(async () => {
      web = await createWebServer();
      await call('POST', 'packs', { ref: 'site', label: 'Site', version: '1.0.0' });
      const body = { ref: REF, pack_ref: 'site', label: 'Release', version: '1.0.0', definition: definition() };
      expect((await call('POST', 'workflows', body)).status).toBe(201);
    });
    afterAll(() => web?.close());

    async function fail(run: string): Promise<number> {
      web.fail(run, ['deploy']);
      const body = { action_ref: REF, parameters: { run, note: MARKUP }, wait: 30 };
      const { data } = (await call('POST', 'executions', body)).body;
      expect(data.status).toBe('failed');
      return data.id;
    }

    async function open(path: string): Promise<Page> {
      const page = await site().visit(path);
      await page.getByRole('radiogroup', { name: 'Start from' }).waitFor();
      return page;
    }

    const plan = (page: Page) => page.getByRole('region', { name: 'Plan' });
    const startFork = (page: Page) => page.getByRole('button', { name: 'Start fork' });
    const rowsOf = (page: Page, name: string) =>
      page.getByRole('table', { name }).getByRole('rowheader').allInnerTexts();

    it('of what failed is planned and started by keyboard, and nothing that was done is done again', async () => {
      const id = await fail('keys');
      const page = await site().visit(`runs/${id}`);
      await page.getByRole('tab', { name: 'Graph' }).press('End');
      await page.getByRole('radio', { name: 'What failed', checked: true }).waitFor();
      expect(new URL(page.url()).pathname).toBe(`/console/runs/${id}/fork`);
      await site().examine(page);
      await page.getByRole('textbox', { name: 'Reason' }).focus();
      await page.keyboard.type('the server is back');
      await page.keyboard.press('Enter');
      await plan(page).waitFor();
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Plan');
      expect([await rowsOf(page, 'Runs again'), await rowsOf(page, 'Kept')]).toEqual([
        ...[['deploy'], ['build', 'publish']],
      ]);
      expect(await page.getByRole('table', { name: 'Dropped' }).count()).toBe(0);
      await page.getByRole('list', { name: 'Effects that may repeat' }).getByText('not safe').waitFor();
      for (const name of [
        'publish, core.http: kept',
        'deploy, core.http: runs again',
        'report, core.log: would follow',
      ]) {
        await plan(page).getByRole('button', { name }).waitFor();
      }
      expect(await page.locator('main img').count()).toBe(0);
      await site().examine(page);
      web.fail('keys', []);
      await startFork(page).press('Enter');
      await page.getByRole('status', { name: 'Notices' }).getByText('A new run continues from here.').waitFor();
      await page.getByText('Status completed').waitFor();
      expect(web.counts('keys')).toEqual({ publish: 1, deploy: 2 });
    });

    it('from an event drops what came later; the address says from which', async () => {
      const id = await fail('event');
      const rows = (await call('GET', `executions/${id}/tasks`)).body.data;
      const { scheduled } = rows.find(({ key }: { key: string }) => key === 'publish').events;
      const page = await open(`runs/${id}/fork?event=${scheduled}`);
      expect(await page.getByRole('spinbutton', { name: 'Event' }).inputValue()).toBe(String(scheduled));
      await page.getByRole('button', { name: 'Show plan' }).click();
      await plan(page).waitFor();
      expect(new URL(page.url()).searchParams.get('from')).toBe(`event:${scheduled}`);
      expect([await rowsOf(page, 'Runs again'), await rowsOf(page, 'Dropped')]).toEqual([['publish'], ['deploy']]);
      await page.getByRole('table', { name: 'Runs again' }).getByText('it was open then').waitFor();
      await site().examine(page);
      // Another event is another fork.
      await page.getByRole('spinbutton', { name: 'Event' }).fill('99999');
      await plan(page).waitFor({ state: 'detached' });
      await page.getByRole('spinbutton', { name: 'Event' }).fill('1');
      await page.getByRole('button', { name: 'Show plan' }).click();
      await page.getByRole('alert').getByText('nothing to retry').waitFor();
      await site().examine(page);
    });

    it('lets a run that has failed complete, from the event before it went wrong', async () => {
      const id = await fail('film');
      const page = await site().visit('runs?live=0&status=failed');
      await page
        .getByRole('table', { name: 'Runs' })
        .getByRole('link', { name: String(id) })
        .click();
      await page.getByRole('region', { name: 'Result' }).getByText('500').first().waitFor();
      await page.getByRole('tab', { name: 'Log' }).click();
      await page.getByRole('log', { name: 'Run log' }).getByText('"publish" ended as completed').waitFor();
      await page.getByRole('tab', { name: 'Debugger' }).click();
      await page.getByRole('status', { name: 'Verification' }).getByText('Verified').waitFor();
      await page.getByRole('combobox', { name: 'Stop at changes of' }).selectOption('publish');
      await page.getByRole('button', { name: 'Previous change' }).click();
      const history = page.getByRole('region', { name: 'History event' });
      await history.getByText('The action succeeded, with this output.').waitFor();
      // The workflow task that takes its end, and schedules what failed, comes after it.
      await page.getByRole('button', { name: 'Next event' }).focus();
      await stepTo(page, 'WorkflowTaskCompleted');
      const place = () => page.getByRole('slider', { name: 'Event' }).getAttribute('aria-valuetext');
      const at = await place();
      await page.getByRole('link', { name: 'Fork from here' }).click();
      await page.getByRole('radio', { name: 'An event', checked: true }).waitFor();
      const found = await page.getByRole('spinbutton', { name: 'Event' }).inputValue();
      expect(at).toMatch(new RegExp(`^Event ${found} of`));
      await page.getByText('Last before that: publish ended').waitFor();
      await page.getByRole('textbox', { name: 'Reason' }).fill('the disk was full');
      await page.getByRole('button', { name: 'Show plan' }).click();
      await plan(page).getByText('it would end as completed').waitFor();
      expect([await rowsOf(page, 'Runs again'), await rowsOf(page, 'Kept')]).toEqual([
        ['deploy'],
        ['build', 'publish'],
      ]);
      const effects = page.getByRole('list', { name: 'Effects that may repeat' }).getByRole('listitem');
      expect(await effects.count()).toBe(1);
      await effects.getByText('1 attempt').waitFor();
      await keepPicture(page, plan(page), 'docs/runs.md');
      web.fail('film', []);
      await startFork(page).click();
      await page.getByText('Status completed').waitFor();
      expect(web.counts('film')).toEqual({ publish: 1, deploy: 2 });
      const { retried_as: made } = (await call('GET', `executions/${id}`)).body.data;
      expect(new URL(page.url()).pathname).toBe(`/console/runs/${made[0]}`);
      await page.getByText('the disk was full', { exact: true }).waitFor();
    });

    it('with another version shows how that differs, and lists why it cannot be started', async () => {
      const id = await fail('version');
      await call('PUT', `workflows/${REF}`, { version: '2.0.0', definition: definition({ timeout: 9 }) });
      const page = await open(`runs/${id}/fork`);
      await page.getByRole('combobox', { name: 'Version' }).selectOption('2.0.0');
      await page.getByRole('button', { name: 'Show plan' }).click();
      await page.getByRole('region', { name: 'Difference' }).getByText('timeout: 9').waitFor();
      await startFork(page).waitFor();
      await site().examine(page);
      const { tasks } = definition();
      await call('PUT', `workflows/${REF}`, { version: '3.0.0', definition: { tasks: tasks.slice(1) } });
      await page.reload();
      await page.getByRole('combobox', { name: 'Version' }).selectOption('3.0.0');
      await page.getByRole('button', { name: 'Show plan' }).click();
      await page.getByRole('list', { name: 'Problems' }).getByText('the new version has no task "build"').waitFor();
      expect(await startFork(page).count()).toBe(0);
      await site().examine(page);
      await call('PUT', `workflows/${REF}`, { version: '4.0.0', definition: definition() });
    });

    it('is not started by a plan that is out of date, which says what has changed and offers the new one', async () => {
      const id = await fail('stale');
      web.fail('stale', []);
      const page = await open(`runs/${id}/fork?from=deploy`);
      expect(await page.getByRole('combobox', { name: 'Task' }).inputValue()).toBe('deploy');
      await page.getByRole('button', { name: 'Show plan' }).click();
      await startFork(page).waitFor();
      await call('POST', `executions/${id}/retry`);
      await startFork(page).click();
      const alert = page.getByRole('alert').filter({ hasText: 'The plan is out of date' });
      await alert.getByText('another fork of this run was started').waitFor();
      expect(await startFork(page).count()).toBe(0);
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Show the new plan');
      await site().examine(page);
      await alert.getByRole('button', { name: 'Show the new plan' }).click();
      await alert.waitFor({ state: 'detached' });
      await startFork(page).click();
      await page.getByText('Status completed').waitFor();
    });

    it('from the beginning takes another input, and refuses what is not JSON', async () => {
      const id = await fail('anew');
      const page = await open(`runs/${id}/fork`);
      await page.getByRole('radio', { name: 'The beginning' }).check();
      const input = page.getByRole('textbox', { name: 'Input (JSON)' });
      expect(JSON.parse(await input.inputValue())).toEqual({ run: 'anew', note: MARKUP });
      await input.fill('{');
      await page.getByRole('button', { name: 'Show plan' }).click();
      await page.getByRole('alert').getByText('"Input" is not valid JSON').waitFor();
      await site().examine(page);
      await input.fill(JSON.stringify({ run: 'other', note: MARKUP }));
      await page.getByRole('button', { name: 'Show plan' }).click();
      await plan(page).getByText('app-7').waitFor();
      expect(await rowsOf(page, 'Runs again')).toEqual(['build']);
      await startFork(page).click();
      await page.getByText('Status completed').waitFor();
      expect(web.counts('other')).toEqual({ publish: 1, deploy: 1 });
    });

    it('from the beginning keeps an input that is hidden, and refuses what is shown instead of it', async () => {
      const param_schema = { type: 'object', properties: { run: { type: 'string', writeOnly: true } } };
      await call('PUT', `workflows/${REF}`, { param_schema });
      const id = await fail('hidden');
      web.fail('hidden', []);
      const page = await open(`runs/${id}/fork?from=start`);
      const input = page.getByRole('textbox', { name: 'Input (JSON)' });
      expect(JSON.parse(await input.inputValue())).toEqual({ run: '***', note: MARKUP });
      await input.fill(JSON.stringify({ run: '***', note: 'another' }));
      await page.getByRole('button', { name: 'Show plan' }).click();
      await page.getByRole('list', { name: 'Problems' }).getByText('stands for a hidden value').waitFor();
      expect(await startFork(page).count()).toBe(0);
      await page.reload();
      await page.getByRole('button', { name: 'Show plan' }).click();
      await startFork(page).click();
      await page.getByText('Status completed').waitFor();
      expect([web.counts('hidden'), web.counts('***')]).toEqual([{ publish: 2, deploy: 2 }, {}]);
      await call('PUT', `workflows/${REF}`, { param_schema: { type: 'object' } });
    });

    it('is never started by a late plan of another fork; a start whose answer is lost is repeated with another reason', async () => {
      const id = await fail('late');
      const page = await open(`runs/${id}/fork?from=failed`);
      const held = createGate();
      const asked = createGate();
      await page.route(`**/executions/${id}/retry`, async (route) => {
        asked.open();
        await held.opened;
        await route.continue();
      });
      const answer = await broughtAbout(page.waitForResponse(`**/executions/${id}/retry`), async () => {
        await page.getByRole('button', { name: 'Show plan' }).click();
        await asked.opened;
        await page.getByRole('radio', { name: 'The beginning' }).check();
        held.open();
      });
      await answer.finished();
      await page.locator('form[aria-busy=false]').waitFor();
      expect(await plan(page).count()).toBe(0);
      await page.unroute(`**/executions/${id}/retry`);
      await page.getByRole('button', { name: 'Show plan' }).click();
      await plan(page).waitFor();
      // The run is started, and nobody hears of it.
      const keys: (string | undefined)[] = [];
      await page.route(`**/executions/${id}/retry`, async (route) => {
        keys.push(route.request().headers()['idempotency-key']);
        if (keys.length > 1) return route.continue();
        await route.fetch();
        await route.abort();
      });
      await startFork(page).click();
      await page.getByRole('alert').waitFor();
      await page.getByRole('textbox', { name: 'Reason' }).fill('again');
      await startFork(page).click();
      await page.getByRole('alert').getByText('another fork of this run was started').waitFor();
      expect(new Set(keys).size).toBe(2);
    });

    it('that has started leads to its run only those who still look at it', async () => {
      const id = await fail('left');
      const page = await open(`runs/${id}/fork?from=failed`);
      await page.getByRole('button', { name: 'Show plan' }).click();
      await startFork(page).waitFor();
      const held = createGate();
      await page.route(`**/executions/${id}/retry`, async (route) => {
        await held.opened;
        await route.continue();
      });
      await startFork(page).click();
      await page.getByRole('tab', { name: 'Log' }).click();
      held.open();
      await page.getByRole('status', { name: 'Notices' }).getByText('A new run continues from here.').waitFor();
      await page.getByRole('tab', { name: 'Log', selected: true }).waitFor();
      expect(new URL(page.url()).pathname).toContain(`/console/runs/${id}`);
    });

    it('of an open run is planned from an event only, and nobody who may not start runs has the view', async () => {
      const body = { action_ref: 'core.wait_signal', parameters: { name: 'never' } };
      const { id } = (await call('POST', 'executions', body)).body.data;
      const page = await site().visit(`runs/${id}/fork`);
      await page.getByRole('radio', { name: 'An event', checked: true }).waitFor();
      expect(await page.getByRole('radio', { name: 'What failed' }).isDisabled()).toBe(true);
      await page.getByRole('button', { name: 'Show plan' }).click();
      await page.getByRole('list', { name: 'Problems' }).getByText('only closed executions can be retried').waitFor();
      expect(await startFork(page).count()).toBe(0);
      await site().examine(page);
      await call('POST', `executions/${id}/terminate`);
      const { key } = (await call('POST', 'keys', { subject: 'reads-only', roles: ['viewer'] })).body.data;
      const other = await site().visit(`runs/${id}/fork`, { key });
      await title(other, `core.wait_signal ${id}`).waitFor();
      await other.getByRole('tab', { name: 'Graph', selected: true }).waitFor();
      expect(await other.getByRole('tab', { name: 'Fork' }).count()).toBe(0);
    });
  });
}
