import type { Locator, Page } from 'playwright-core';

/** Finds the heading of a page. */
export function title(page: Page, name: string): Locator {
  return page.getByRole('heading', { level: 1, name, exact: true });
}

/** Returns the text of what has the focus. */
export function readFocus(page: Page): Promise<unknown> {
  return page.evaluate('document.activeElement.textContent');
}

/** Returns the name of the row that has the focus in a grid which keeps it. */
export function readActiveRow(page: Page): Promise<unknown> {
  return page.evaluate(
    'document.getElementById(document.activeElement.getAttribute("aria-activedescendant")).getAttribute("aria-label")',
  );
}
