import { describe, expect, it } from 'vitest';
import { title } from './pages.ts';
import type { Console } from './visitor.ts';

const MARKUP = '<img src=x onerror="throw 1"><script>throw 2</script>';
/** Turns around what follows it. */
const TURNED = '\u202eevil';
const LONG = 'w'.repeat(10_000);

const ODD = {
  ref: 'odd.texts',
  pack_ref: 'odd',
  label: `${MARKUP}${TURNED}`,
  version: '1.0.0',
  description: LONG,
  param_schema: {
    type: 'object',
    properties: { constructor: { type: 'string', title: MARKUP }, text: { type: 'string' } },
  },
  definition: {
    tasks: [
      { name: 'hasOwnProperty', action: 'core.transform', input: { data: '{{ text }}' }, on_success: 'constructor' },
      { name: 'constructor', action: 'core.fail', input: { message: `${MARKUP}${TURNED}${LONG}` } },
    ],
  },
};

/** Tests that texts of others are texts, however odd or long. */
export function testUntrustedTexts(site: () => Console): void {
  describe('texts of others', () => {
    const call = (method: string, path: string, body?: unknown) => site().harness.call(method, `/api/v1/${path}`, body);

    it('are shown as they are, and run nothing', async () => {
      await call('POST', 'packs', { ref: 'odd', label: MARKUP, version: '1.0.0' });
      expect((await call('POST', 'workflows', ODD)).status).toBe(201);
      const page = await site().visit('workflows/odd.texts');
      await page.getByText(MARKUP).first().waitFor();
      await page.getByRole('button', { name: 'constructor, core.fail' }).waitFor();
      await site().examine(page);
      await page.getByRole('button', { name: 'Start a run' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('textbox', { name: MARKUP }).fill(MARKUP);
      await dialog.getByRole('textbox', { name: 'text' }).fill(`${TURNED}${LONG}`);
      await site().examine(page);
      await dialog.getByRole('button', { name: 'Start a run' }).click();
      await page.getByText('Status failed').waitFor();
      await page.getByRole('region', { name: 'Input' }).getByText('"constructor"').waitFor();
      await page.getByRole('button', { name: 'hasOwnProperty, core.transform: 1 completed' }).waitFor();
      await site().examine(page);
      await page.goto('console/runs?live=0&workflow=odd.texts');
      await page.getByRole('table', { name: 'Runs' }).getByText(MARKUP).waitFor();
      await site().examine(page);
      await page.goto('console/workflows/odd.texts/check');
      await page.getByRole('textbox', { name: 'Definition text' }).fill('__proto__: { a: 1 }');
      await page.getByRole('button', { name: 'Check' }).click();
      await page.getByRole('alert').getByText('"__proto__" is reserved').waitFor();
      await page.goto('console/catalog');
      await page.getByRole('table', { name: 'Packs' }).getByText(MARKUP).waitFor();
      expect(await page.locator('img, main script').count()).toBe(0);
    });

    it('of more than 1 MB leave a page as fast as it is, which says how large they are', async () => {
      const parameters = { data: 'm'.repeat(1_400_000) };
      const { id } = (await call('POST', 'executions', { action_ref: 'core.transform', parameters, wait: 30 })).body
        .data;
      const page = await site().visit(`runs/${id}`);
      await title(page, `core.transform ${id}`).waitFor();
      await page.getByRole('region', { name: 'Input' }).getByText('1.4 MB, too large to be shown here').waitFor();
      await page.getByRole('region', { name: 'Result' }).getByText('1.4 MB, too large to be shown here').waitFor();
      await page.getByRole('group', { name: 'Graph of core.transform' }).getByRole('button').first().press('Enter');
      await page.getByRole('complementary').getByText('of which the beginning is shown').waitFor();
      expect((await page.getByRole('complementary').innerText()).length).toBeLessThan(70_000);
      await site().examine(page);
    });
  });
}
