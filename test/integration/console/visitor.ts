import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import { readConsole } from '../../../api/console.ts';
import { expectAccessible } from '../support/accessibility.ts';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { launchBrowser, openContext } from '../support/browser.ts';
import { drawn } from './pages.ts';

/** The widths and looks in which every state of a page is examined. */
const VIEWS = [
  { size: { width: 1280, height: 800 }, colorScheme: 'light' },
  { size: { width: 390, height: 844 }, colorScheme: 'dark' },
] as const;

/** An installation with the console, and a browser in which people visit it. */
export interface Console {
  harness: ApiHarness;
  /** Opens a page in a separate browser: signed in as `dev`, or by another key; null: as nobody. Relative paths are below /console. */
  visit(path: string, options?: { key?: string | null }): Promise<Page>;
  /** Examines a page with axe, wide and light, narrow and dark; also that nothing of it is cut off at the side. */
  examine(page: Page): Promise<void>;
  /** Closes all pages. Throws if one was refused something by the content security policy, asked another host, or failed. */
  leave(): Promise<void>;
  close(): Promise<void>;
}

/** Starts both. The console is that of dist, which is built before the first test. */
export async function openConsole(namespace: string): Promise<Console> {
  const [harness, browser] = await Promise.all([
    createApiHarness(namespace, { access: { console: readConsole('dist/console') } }),
    launchBrowser(),
  ]);
  const { url } = harness.api;
  const troubles: string[] = [];
  const contexts: BrowserContext[] = [];
  return {
    harness,
    async visit(path, { key = DEV_KEY } = {}) {
      const options = { baseURL: `${url}/`, viewport: VIEWS[0]!.size, reducedMotion: 'reduce' as const };
      const context = await openContext(browser, options);
      contexts.push(context);
      watch(context, url, troubles);
      if (key !== null) {
        const answer = await context.request.post('api/v1/session', { data: { key } });
        expect(answer.status()).toBe(201);
      }
      const page = await context.newPage();
      await page.goto(join('console', path));
      return page;
    },
    async examine(page) {
      for (const { size, colorScheme } of VIEWS) {
        await page.setViewportSize(size);
        await page.emulateMedia({ colorScheme });
        await drawn(page);
        await expectAccessible(page, `${size.width} px, ${colorScheme}`);
        const excess = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        expect(excess, `${size.width} px`).toBe(0);
      }
      await page.setViewportSize(VIEWS[0]!.size);
      // A task that covered the narrow screen stands next to the page again, and has the focus.
      await page.locator('dialog.cover').waitFor({ state: 'detached' });
    },
    async leave() {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
      expect(troubles.splice(0)).toEqual([]);
    },
    async close() {
      await browser.close();
      await harness.close();
    },
  };
}

/** Notes what no page may do. Requests that the API refuses are reported by the browser, too, and are no trouble. */
function watch(context: BrowserContext, url: string, troubles: string[]): void {
  context.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)) troubles.push(`asked ${request.url()}`);
  });
  context.on('page', (page) => page.on('pageerror', (error) => troubles.push(String(error))));
  context.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) troubles.push(text);
  });
}
