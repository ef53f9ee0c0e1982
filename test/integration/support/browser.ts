import { type Browser, type BrowserContext, type BrowserContextOptions, chromium as playwright } from 'playwright-core';

/**
 * A real Chromium: the one that a package brings on Linux, with the libraries that it needs; elsewhere CHROME_PATH, or the
 * Chrome that is installed.
 */
export async function launchBrowser(): Promise<Browser> {
  if (process.env.CHROME_PATH !== undefined) return playwright.launch({ executablePath: process.env.CHROME_PATH });
  if (process.platform !== 'linux' || process.arch !== 'x64') return playwright.launch({ channel: 'chrome' });
  // Says to the package that nothing may be taken from the system.
  process.env.AWS_EXECUTION_ENV ??= 'AWS_Lambda_nodejs20.x';
  const { default: chromium } = await import('@sparticuz/chromium');
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    headless: true,
  });
}

/** Opens a context of a browser. */
export async function openContext(browser: Browser, options: BrowserContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext(options);
  // A busy machine has time.
  context.setDefaultTimeout(120_000);
  return context;
}
