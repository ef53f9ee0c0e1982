import type { Locator, Page } from 'playwright-core';
import { until } from '../support/until.ts';

/** Finds the heading of a page. */
export function title(page: Page, name: string): Locator {
  return page.getByRole('heading', { level: 1, name, exact: true });
}

/** Waits for what an act brings about, and returns it. Throws what the act throws: nobody waits any longer then. */
export async function broughtAbout<T>(awaited: Promise<T>, act: () => Promise<unknown>): Promise<T> {
  const [result] = await Promise.all([awaited, act()]);
  return result;
}

/** Waits until the browser has drawn what is there, and the page knows of a size that is new. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
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

/** Presses the key for the next event, each time once an event is shown, until one of a type is. */
export async function stepTo(page: Page, type: string): Promise<void> {
  const place = () => page.getByRole('slider', { name: 'Event' }).getAttribute('aria-valuetext');
  for (let shown: string | null = ''; !shown?.endsWith(`: ${type}`); ) {
    const before = await place();
    await page.keyboard.press(']');
    // An event that is not shown yet is a number alone; one of a task names that after its type.
    shown = await until(place, (now) => now !== before && now !== null && /: \w/.test(now), 60);
  }
}
