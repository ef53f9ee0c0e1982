import { describe, expect, it } from 'vitest';
import { title } from './pages.ts';
import type { Console } from './visitor.ts';

/** Tests the pages of workflows; the examples are stored. */
export function testWorkflowPages(site: () => Console): void {
  describe('workflows', () => {
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
      await page.getByRole('searchbox', { name: 'Search workflows' }).fill('first');
      await page.keyboard.press('Enter');
      await table.getByRole('link', { name: 'examples.first_run' }).click();
      await title(page, 'examples.first_run').waitFor();
      const graph = page.getByRole('group', { name: 'Graph of examples.first_run' });
      await graph.getByRole('button', { name: /, core\.http$/ }).waitFor();
      await site().examine(page);
      await page.getByRole('tab', { name: 'Definition' }).click();
      await page.getByRole('group', { name: 'Definition' }).getByText('tasks:').waitFor();
      await page.getByRole('radio', { name: 'JSON' }).click();
      await page.getByRole('group', { name: 'Definition' }).getByText('"tasks": [').waitFor();
      await site().examine(page);
      await page.getByRole('button', { name: 'Start a run' }).click();
      const dialog = page.getByRole('dialog', { name: 'Start a run' });
      const input = dialog.getByRole('textbox', { name: 'Input (JSON)' });
      expect(Object.keys(JSON.parse(await input.inputValue()))).toContain('url');
      await input.fill('{ "url": 1 }');
      await dialog.getByRole('button', { name: 'Start a run' }).click();
      await dialog.getByRole('alert').getByText('url').waitFor();
      await site().examine(page);
      await input.fill(JSON.stringify({ url: `${site().harness.api.url}/healthz`, name: 'you' }));
      await dialog.getByRole('button', { name: 'Start a run' }).click();
      await page.getByText('Status completed').waitFor();
      await page.getByRole('region', { name: 'Result' }).getByText('Hello, you').waitFor();
    });
  });
}
