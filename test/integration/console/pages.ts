import type { Locator, Page } from 'playwright-core';

/** Finds the heading of a page. */
export function title(page: Page, name: string): Locator {
  return page.getByRole('heading', { level: 1, name, exact: true });
}

/** Returns the text of what has the focus. */
export function readFocus(page: Page): Promise<unknown> {
  return page.evaluate('document.activeElement.textContent');
}
