import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { readFocus, title } from './pages.ts';
import type { Console } from './visitor.ts';

/** Tests the pages of schedules and of what workflows are made of. */
export function testSchedulesAndCatalog(site: () => Console): void {
  const call = (method: string, path: string, body?: unknown) => site().harness.call(method, `/api/v1/${path}`, body);

  describe('schedules', () => {
    it('are listed with their times, paused, resumed and triggered by keyboard', async () => {
      const page = await site().visit('schedules');
      await page.getByText('No schedules yet.').waitFor();
      await site().examine(page);
      const nightly = {
        id: 'nightly',
        workflow: 'core.noop',
        spec: { cron: ['30 3 * * mon-fri'], time_zone: 'Europe/Zurich' },
        note: 'the numbers of the day before',
      };
      expect((await call('POST', 'schedules', nightly)).status).toBe(201);
      expect(
        (await call('POST', 'schedules', { id: 'often', workflow: 'core.noop', spec: { every: 86_400 } })).status,
      ).toBe(201);
      // Temporal lists a schedule a moment after it has created it.
      await until(
        async () => (await call('GET', 'schedules')).body.data,
        (listed) => listed.length === 2,
      );
      await page.reload();
      const row = page.getByRole('table', { name: 'Schedules' }).getByRole('row', { name: /^nightly/ });
      await row.getByText('30 3 * * mon-fri').waitFor();
      await page.getByText('every 1 d').waitFor();
      await row.getByRole('button', { name: 'Pause nightly' }).press('Enter');
      await row.getByRole('button', { name: 'Resume nightly' }).waitFor();
      await row.getByText('none while it is paused').waitFor();
      await site().examine(page);
      expect(await readFocus(page)).toBe('Resume nightly');
      await page.keyboard.press('Enter');
      await row.getByRole('button', { name: 'Pause nightly' }).waitFor();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.getByRole('status', { name: 'Notices' }).getByText('nightly starts run').waitFor();
      const keys: (string | undefined)[] = [];
      await page.route('**/nightly/trigger', (route) => {
        keys.push(route.request().headers()['idempotency-key']);
        return keys.length === 1 ? route.abort() : route.continue();
      });
      const notices = page.getByRole('status', { name: 'Notices' });
      await row.getByRole('button', { name: 'Trigger nightly' }).click();
      await notices.getByText('It is not known whether nightly was changed').waitFor();
      await row.getByRole('button', { name: 'Trigger nightly' }).dblclick();
      await notices.getByText('nightly starts run').waitFor();
      await row.getByRole('button', { name: 'Trigger nightly' }).click();
      await expect.poll(() => keys.length).toBe(3);
      expect(keys[1]).toBe(keys[0]);
      expect(keys[2]).not.toBe(keys[0]);
      for (const id of ['nightly', 'often']) await call('DELETE', `schedules/${id}`);
    });
  });

  describe('lists that cannot be read', () => {
    it.each([
      ['schedules', '/schedules?', 'The schedules could not be read', 'No schedules yet.'],
      ['catalog', '/packs?', 'The packs could not be read', 'examples'],
      ['catalog/actions', '/actions?', 'The actions could not be read', 'core.http'],
      ['catalog/connections', '/connections', 'The connections could not be read', 'No connections yet.'],
      ['catalog/secrets', '/secrets', 'The secrets could not be read', 'No secrets yet.'],
    ])('%s says so, and is read again on request', async (path, asked, sentence, there) => {
      const page = await site().visit('runs?live=0');
      let isAway = true;
      const json = { error: 'the database does not respond', status: 503, code: 'database_unavailable' };
      await page.route(
        (url) => url.href.includes(`/api/v1${asked}`) || url.pathname.endsWith(`/api/v1${asked}`),
        (route) => (isAway ? route.fulfill({ status: 503, json }) : route.continue()),
      );
      await page.goto(`console/${path}`);
      const alert = page.getByRole('alert').filter({ hasText: sentence });
      await alert.getByText(json.error).waitFor();
      await site().examine(page);
      isAway = false;
      await alert.getByRole('button', { name: 'Try again' }).click();
      await page.getByText(there, { exact: true }).first().waitFor();
      expect(await alert.count()).toBe(0);
    });
  });

  describe('the catalog', () => {
    it('has packs, actions with their schemas, and the names of connections and secrets', async () => {
      const secret = { value: 'never-to-be-shown' };
      expect((await call('PUT', 'secrets/token', secret)).status).toBe(200);
      const page = await site().visit('runs?live=0');
      await page.getByRole('link', { name: 'Catalog' }).click();
      await title(page, 'Catalog').waitFor();
      await page.getByRole('table', { name: 'Packs' }).getByRole('rowheader', { name: 'examples' }).waitFor();
      await site().examine(page);
      await page.getByRole('link', { name: 'Workflows of examples' }).click();
      await title(page, 'Workflows').waitFor();
      await page.getByRole('rowheader', { name: 'examples.first_run' }).waitFor();
      const workflows = await page.getByRole('rowheader').allInnerTexts();
      expect(workflows.filter((ref) => !ref.startsWith('examples.'))).toEqual([]);
      await page.goBack();
      await page.getByRole('tab', { name: 'Packs' }).press('ArrowRight');
      const actions = page.getByRole('table', { name: 'Actions' });
      const http = actions.getByRole('row', { name: /^core\.http/ });
      await http.getByText('Input').first().click();
      await page.getByRole('group', { name: 'Input of core.http' }).getByText('"url"').waitFor();
      await page
        .getByRole('list', { name: 'Fields of Input of core.http' })
        .getByRole('listitem')
        .filter({ hasText: /^url string.*, required/ })
        .waitFor();
      await site().examine(page);
      const listRefs = () => actions.getByRole('rowheader').allInnerTexts();
      const all = await listRefs();
      const ofCore = all.filter((ref) => ref.startsWith('core.'));
      expect(all.length).toBeGreaterThan(ofCore.length);
      await page.getByRole('textbox', { name: 'Pack' }).fill('core');
      await page.keyboard.press('Tab');
      await expect.poll(listRefs).toEqual(ofCore);
      await page.getByRole('button', { name: 'Start core.noop' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Start a run' }).click();
      await page.getByRole('heading', { level: 1, name: /^core\.noop \d+$/ }).waitFor();
      await page.goto('console/catalog/actions');
      await page.getByRole('tab', { name: 'Actions' }).press('Control+Home');
      await page.getByRole('tab', { name: 'Connections' }).click();
      await page.getByText('No connections yet.').waitFor();
      await page.getByRole('tab', { name: 'Secrets' }).click();
      await page.getByRole('rowheader', { name: 'token' }).waitFor();
      expect(await page.content()).not.toContain(secret.value);
      await site().examine(page);
    });
  });
}
