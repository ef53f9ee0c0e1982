import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { title } from './pages.ts';
import type { Console } from './visitor.ts';

/** Tests that who may only look finds no controls. */
export function testViewer(site: () => Console): void {
  describe('somebody who may only look', () => {
    const call = (method: string, path: string, body?: unknown) => site().harness.call(method, `/api/v1/${path}`, body);

    it('finds no control that the API would refuse', async () => {
      const { key } = (await call('POST', 'keys', { subject: 'looker', roles: ['viewer'] })).body.data;
      const spec = { every: 86_400 };
      expect((await call('POST', 'schedules', { id: 'daily', workflow: 'core.noop', spec })).status).toBe(201);
      await until(
        async () => (await call('GET', 'schedules')).body.data,
        (listed) => listed.length === 1,
      );
      const page = await site().visit('runs?live=0', { key });
      await page.getByRole('table', { name: 'Runs' }).getByRole('link').first().waitFor();
      expect(await page.getByRole('checkbox').count()).toBe(0);
      await page.getByRole('table', { name: 'Runs' }).getByRole('link').first().click();
      await page.getByText('Status ').first().waitFor();
      expect(await page.getByRole('toolbar').count()).toBe(0);
      await page.goto('console/workflows/examples.first_run');
      await page.getByRole('tab', { name: 'Simulate' }).waitFor();
      expect(await page.getByRole('button', { name: 'Start a run' }).count()).toBe(0);
      expect(await page.getByRole('link', { name: 'Edit definition' }).count()).toBe(0);
      await page.getByRole('tab', { name: 'Check' }).click();
      await page.getByRole('button', { name: 'Check' }).waitFor();
      expect(await page.getByRole('button', { name: 'Store' }).count()).toBe(0);
      await page.goto('console/events/rules');
      await page.getByRole('search', { name: 'Filter rules' }).waitFor();
      expect(await page.getByRole('link', { name: 'New rule' }).count()).toBe(0);
      expect(await page.getByRole('tab', { name: 'Webhooks' }).count()).toBe(0);
      await page.goto('console/rules/new');
      await page.getByRole('button', { name: 'Test' }).waitFor();
      expect(await page.getByRole('button', { name: 'Store' }).count()).toBe(0);
      await page.goto('console/schedules');
      await page.getByRole('rowheader', { name: 'daily' }).waitFor();
      expect(await page.getByRole('columnheader').allInnerTexts()).not.toContain('Controls');
      expect(await page.getByRole('button', { name: 'daily' }).count()).toBe(0);
      await page.goto('console/catalog/secrets');
      await title(page, 'Catalog').waitFor();
      await page.getByRole('table', { name: 'Packs' }).waitFor();
      expect(await page.getByRole('tab').allInnerTexts()).toEqual(['Packs', 'Actions']);
      await call('DELETE', 'schedules/daily');
    });
  });
}
