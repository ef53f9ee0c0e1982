import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { consoleRoutes, readConsole } from '../../api/console.ts';
import { listen } from '../../composition/server.ts';
import { buildConsole } from '../../console/build.mjs';
import { launchBrowser } from '../../test/integration/support/browser.ts';
import { at, median, short } from '../statistics.ts';
import { makeFiles } from './debugger.ts';

/**
 * A slider that was moved from one event to another, all over a history: for each move the milliseconds until the frame after the event is on
 * the page, and those of the page's CPU; the time that the worker computes is measured by itself (debugger.ts).
 */
export interface MovedSlider {
  what: string;
  events: number;
  milliseconds: number[];
  cpu: number[];
}

/** Opens histories of about so many events on the page for files in Chromium, and moves the slider so often. */
export async function measureSliders(events: number, moves: number): Promise<MovedSlider[]> {
  const folder = await mkdtemp(join(tmpdir(), 'slider-'));
  const browser = await launchBrowser();
  try {
    await buildConsole(folder);
    const { port, server } = await listen(consoleRoutes(readConsole(folder), undefined).fetch, '127.0.0.1', 0);
    try {
      const sliders: MovedSlider[] = [];
      for (const { what, file } of makeFiles(events)) {
        const path = join(folder, 'history.json');
        await writeFile(path, file);
        const page = await openFile(browser, `http://127.0.0.1:${port}/console/history`, path);
        sliders.push({ what, ...(await moveSlider(page, moves)) });
        await page.close();
      }
      return sliders;
    } finally {
      server.close();
    }
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Opens the file of a history on the page for files, and waits until it is verified. */
async function openFile(browser: Browser, address: string, path: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(address);
  await page.locator('input[type=file]').setInputFiles(path);
  await page.getByRole('status', { name: 'Verification' }).getByText('Verified').waitFor({ timeout: 120_000 });
  return page;
}

/** Moves the slider to an event, and waits until the next frame after the event is there. */
const MOVE = `async (event) => {
  const slider = document.querySelector('.debugger input[type=range]');
  const isThere = () => slider.value === String(event) && !slider.getAttribute('aria-valuetext').endsWith(': ');
  const begun = performance.now();
  slider.value = event;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  do await new Promise(requestAnimationFrame); while (!isThere());
  await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}`;

/** Moves of a page that make its code as warm as in the middle of a session. */
const WARM = 20;

async function moveSlider(page: Page, moves: number): Promise<Omit<MovedSlider, 'what'>> {
  const events = Number(await page.getByRole('slider', { name: 'Event' }).getAttribute('max'));
  const tools = await page.context().newCDPSession(page);
  await tools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const moved: Omit<MovedSlider, 'what'> = { events, milliseconds: [], cpu: [] };
  const spent = async () => {
    const { metrics } = await tools.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')!.value * 1000;
  };
  for (let move = -WARM; move < moves; move += 1) {
    const event = 1 + (((move + WARM) * 7919 * 613) % events);
    const before = await spent();
    const milliseconds = await page.evaluate<number>(`(${MOVE})(${event})`);
    const cpu = (await spent()) - before;
    if (move < 0) continue;
    moved.milliseconds.push(milliseconds);
    moved.cpu.push(cpu);
  }
  return moved;
}

/** Says what was measured in a line. */
export function summarizeSlider({ what, events, milliseconds, cpu }: MovedSlider): string {
  const [waited, worked] = [milliseconds, cpu].map(
    (each) => `P50 ${short(median(each))}, P95 ${short(at(each, 0.95))} ms`,
  );
  return `slider over ${what} of ${events.toLocaleString('en-US')} events: ${waited}; of CPU in the page ${worked}`;
}
