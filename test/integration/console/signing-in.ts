import { describe, expect, it } from 'vitest';
import { DEV_KEY } from '../support/api-harness.ts';
import { broughtAbout, readFocus, title } from './pages.ts';
import type { Console } from './visitor.ts';

/** Tests how people sign in and out. */
export function testSigningIn(site: () => Console): void {
  describe('signing in', () => {
    it('works by keyboard alone, leads back to the page that was asked for, and ends when signing out', async () => {
      const page = await site().visit('runs?status=failed', { key: null });
      await title(page, 'Sign in').waitFor();
      expect(new URL(page.url()).searchParams.get('next')).toBe('/console/runs?status=failed');
      await site().examine(page);
      const field = page.getByRole('textbox', { name: 'API key or token' });
      await field.focus();
      await page.keyboard.type('fmt_a-key-that-nobody-has');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('This key is not valid').waitFor();
      expect(await field.inputValue()).toBe('');
      await site().examine(page);
      await page.keyboard.type(DEV_KEY);
      await page.keyboard.press('Enter');
      await title(page, 'Runs').waitFor();
      expect(new URL(page.url()).search).toBe('?status=failed');
      expect(await readFocus(page)).toBe('Runs');
      expect(await page.title()).toBe('Runs · Fermata');
      expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage])')).not.toContain('fmt_');

      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Enter');
      await page.getByText('tenant default').waitFor();
      await page.keyboard.press('Escape');
      expect(await readFocus(page)).toContain('Account');
      await page.keyboard.press('ArrowDown');
      await site().examine(page);
      await page.keyboard.press('Enter');
      await title(page, 'Sign in').waitFor();
      expect((await page.request.get('api/v1/executions')).status()).toBe(401);
    });

    it('works once with a link, whose code leaves the address', async () => {
      const path = `sign-in?next=https://elsewhere.example/#code=${site().harness.api.createSignInCode(DEV_KEY)}`;
      const page = await site().visit(path, { key: null });
      await title(page, 'Runs').waitFor();
      expect(new URL(page.url()).pathname).toBe('/console/runs');
      const late = await site().visit(path.replace('https://elsewhere.example/', 'https://['), { key: null });
      await late.getByRole('alert').getByText('This link has been used').waitFor();
      expect(late.url()).not.toContain('code');
    });

    it('in another window as somebody else shows everything as that one sees it', async () => {
      const { key } = (await site().harness.call('POST', '/api/v1/keys', { subject: 'guest', roles: ['viewer'] })).body
        .data;
      const page = await site().visit('runs?live=0');
      await page.getByRole('button', { name: 'Account dev' }).waitFor();
      await page.getByRole('row').nth(1).waitFor();
      expect((await page.request.post('api/v1/session', { data: { key } })).status()).toBe(201);
      await broughtAbout(page.waitForRequest(/\/executions\?/), async () => {
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
        await page.getByRole('button', { name: 'Account guest' }).waitFor();
      });

      const other = await page.context().newPage();
      await other.goto('console/runs?live=0');
      await other.getByRole('button', { name: 'Account guest' }).click();
      await other.getByRole('menuitem', { name: 'Sign out' }).click();
      await title(page, 'Sign in').waitFor();
      await other.getByRole('textbox', { name: 'API key or token' }).fill(DEV_KEY);
      await page.bringToFront();
      await other.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Account dev' }).waitFor();
    });
  });
}
