import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

declare const axe: { run(options: RunOptions): Promise<AxeResults> };

/** Examines a page as it is with axe, which must find no violation, and must have looked at contrasts. */
export async function expectAccessible(page: Page, what = ''): Promise<void> {
  // Scripts of tests are not bound by the policy of the page.
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(AXE);
  // Axe says much of every element that passes, which stays in the page.
  const { found, passed } = await page.evaluate(async () => {
    const { violations, passes } = await axe.run({ resultTypes: ['violations'] });
    return {
      found: violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
      passed: passes.map(({ id }) => id),
    };
  });
  expect(found, what).toEqual([]);
  expect(passed, what).toContain('color-contrast');
}
