import type { Route } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { readFocus, title } from './pages.ts';
import type { Console } from './visitor.ts';

/** Tests how people go from page to page. */
export function testNavigation(site: () => Console): void {
  describe('a page', () => {
    it('is loaded when somebody goes there, and has the focus then', async () => {
      const page = await site().visit('runs?live=0');
      await title(page, 'Runs').waitFor();
      const main = page.getByRole('navigation', { name: 'Main' });
      expect(await main.getByRole('link').allInnerTexts()).toEqual([
        'Runs',
        'Inbox',
        'Workflows',
        'Schedules',
        'Events',
        'Catalog',
      ]);
      let arrive = () => {};
      await page.route('**/assets/workflows-page-*.js', (route: Route) => (arrive = () => void route.continue()));
      await main.getByRole('link', { name: 'Workflows' }).press('Enter');
      await page.getByRole('status', { name: 'Loading the page' }).waitFor();
      expect(await page.getByRole('main').getAttribute('aria-busy')).toBe('true');
      await site().examine(page);
      arrive();
      await title(page, 'Workflows').waitFor();
      await expect.poll(() => page.getByRole('main').getAttribute('aria-busy')).toBe('false');
      await expect.poll(() => readFocus(page)).toBe('Workflows');
      await page.goBack();
      await title(page, 'Runs').waitFor();
      await expect.poll(() => readFocus(page)).toBe('Runs');
    });

    it('has the focus, and its fields their values, before anybody can press a key', async () => {
      const page = await site().visit('schedules');
      await title(page, 'Schedules').waitFor();
      // A person as fast as the browser: in the task that draws the page, before it is painted.
      await page.evaluate(`new MutationObserver((_, drawn) => {
        const field = document.querySelector('input[name=result]');
        if (field === null) return;
        drawn.disconnect();
        field.focus();
        field.value = 'timed out';
      }).observe(document.body, { childList: true, subtree: true })`);
      await page.getByRole('link', { name: 'Runs' }).click();
      await page.getByRole('rowheader').first().waitFor();
      const field = page.getByRole('textbox', { name: 'Result contains' });
      expect(await field.inputValue()).toBe('timed out');
      expect(await field.evaluate((element) => element.matches(':focus'))).toBe(true);
    });

    it('has its address and its name as soon as it is drawn', async () => {
      const page = await site().visit('runs?status=failed');
      await title(page, 'Runs').waitFor();
      await page.evaluate(`new MutationObserver((_, drawn) => {
        if (document.querySelector('input[name=key]') === null) return;
        drawn.disconnect();
        globalThis.seen = [location.pathname + location.search, document.title];
      }).observe(document.body, { childList: true, subtree: true })`);
      await page.context().clearCookies();
      await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
      await title(page, 'Sign in').waitFor();
      const next = encodeURIComponent('/console/runs?status=failed');
      expect(await page.evaluate('seen')).toEqual([`/console/sign-in?next=${next}`, 'Sign in · Fermata']);
    });

    it('that a newer version no longer has says so, and is loaded in that version', async () => {
      const page = await site().visit('runs?live=0');
      await title(page, 'Runs').waitFor();
      await page.route('**/assets/workflows-page-*.js', (route) => route.fulfill({ status: 404 }), { times: 1 });
      await page.getByRole('link', { name: 'Workflows' }).click();
      const alert = page.getByRole('alert');
      await alert.getByText('This page could not be loaded').waitFor();
      await site().examine(page);
      await alert.getByRole('button', { name: 'Try again' }).click();
      await title(page, 'Workflows').waitFor();
    });
  });
}
