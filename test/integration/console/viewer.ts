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
      const { id } = (await call('POST', 'events', { type: 'com.example.looked_at' })).body.data;
      await page.goto(`console/events/${id}`);
      await page.getByRole('region', { name: 'Payload' }).waitFor();
      expect(await page.locator('main').getByRole('button').count()).toBe(0);
    });

    it('finds no way to start an action by itself that only a workflow may start for them', async () => {
      const { key } = (await call('POST', 'keys', { subject: 'operator', roles: ['operator'] })).body.data;
      const page = await site().visit('catalog/actions?pack_ref=core', { key });
      await page.getByRole('button', { name: 'Start core.noop' }).waitFor();
      await page.getByRole('rowheader', { name: 'core.http' }).waitFor();
      expect(await page.getByRole('button', { name: 'Start core.http' }).count()).toBe(0);
      const failed = async (body: object) => (await call('POST', 'executions', { ...body, wait: 30 })).body.data.id;
      const url = 'http://127.0.0.1:1/';
      const alone = await failed({ action_ref: 'core.http', parameters: { url } });
      const tabs = async (id: number) => {
        await page.goto(`console/runs/${id}`);
        await page.getByText('Status failed').waitFor();
        await page.getByRole('region', { name: 'What happens next' }).waitFor();
        return page.getByRole('tablist', { name: 'Run views' }).getByRole('tab').allInnerTexts();
      };
      expect(await tabs(alone)).toEqual(['Graph', 'Timeline', 'Log', 'Debugger']);
      expect(await page.getByRole('button', { name: 'Retry' }).count()).toBe(0);
      const pure = await failed({ action_ref: 'core.fail', parameters: { message: 'no' } });
      expect(await tabs(pure)).toContain('Fork');
      expect(await page.getByRole('button', { name: 'Retry' }).count()).toBe(2);
      const spec = { every: 86_400 };
      const held = { workflow: 'core.http', input: { url }, spec };
      for (const schedule of [
        { id: 'calls', ...held },
        { id: 'held', paused: true, ...held },
        { id: 'rests', paused: true, workflow: 'core.noop', spec },
      ]) {
        expect((await call('POST', 'schedules', schedule)).status).toBe(201);
      }
      await until(
        async () => (await call('GET', 'schedules')).body.data,
        (listed) => listed.length === 3,
      );
      await page.goto('console/schedules');
      await page.getByRole('rowheader', { name: 'rests' }).waitFor();
      const offered = (name: string) => page.getByRole('button', { name, exact: true }).count();
      const acts = ['Pause calls', 'Trigger calls', 'Resume held', 'Trigger held', 'Resume rests', 'Trigger rests'];
      expect(await Promise.all(acts.map(offered))).toEqual([1, 0, 0, 0, 1, 1]);
      for (const id of ['calls', 'held', 'rests']) await call('DELETE', `schedules/${id}`);
    });
  });
}
