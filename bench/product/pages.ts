import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../../test/integration/support/browser.ts';
import { BENCH_KEY } from '../quiet-api.ts';
import { startProduction } from './production.ts';

/** A page of the console, opened in a new browser each time: milliseconds until it shows what is meant, and kilobytes that came over the network. */
export interface OpenedPage {
  what: string;
  milliseconds: number[];
  kilobytes: number[];
}

/** A long timeline that was scrolled: milliseconds of each frame, and the tasks of scripts and layout that took longer than 50. */
export interface ScrolledPage {
  what: string;
  frames: number[];
  longTasks: number[];
}

/** The cost of pages of large runs in a browser. */
export interface Pages {
  opened: OpenedPage[];
  scrolled: ScrolledPage[];
}

/** Sizes of what the pages show: tasks of a definition, items done within the workflow, and calls with six events each. */
export interface PageSizes {
  tasks: number;
  items: number;
  calls: number;
  /** How many times each page is opened. */
  times: number;
}

/** Tasks in a row of the large definition. */
const ROW = 10;

// cspell:ignore networkidle longtask

/** Frames in which a timeline is scrolled, and the pixels of each: a row every other frame, and 140 rows. */
const FRAMES = 200;
const STEPS = { slowly: 16, fast: 4_480 };

/** Makes large runs and opens their pages in Chromium. */
export async function measurePages({ tasks, items, calls, times }: PageSizes): Promise<Pages> {
  const web = createServer((_, response) => response.end('{}'));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const production = await startProduction(1, 1);
  const browser = await launchBrowser();
  try {
    const { call, url } = production;
    await call('/api/v1/packs', { ref: 'pages', label: 'Pages' });
    const run = async (name: string, definition: object) => {
      const ref = `pages.${name}`;
      await call('/api/v1/workflows', { ref, pack_ref: 'pages', label: name, version: '1.0.0', definition });
      const { data } = await call('/api/v1/executions', { action_ref: ref, wait: 30 });
      for (let status = data.status; status !== 'completed'; ) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        ({ status } = (await call(`/api/v1/executions/${data.id}?view=lean`)).data);
      }
      return data.id as number;
    };
    const each = { name: 'each', with_items: `{{ range(${items}) }}`, action: 'core.noop' };
    const address = `http://127.0.0.1:${(web.address() as AddressInfo).port}/{{ item }}`;
    const input = { url: address };
    const called = {
      name: 'each',
      with_items: `{{ range(${calls}) }}`,
      action: 'core.http',
      input,
      concurrency: 100,
    };
    const graph = await run('graph', { tasks: tasksInRows(tasks), output: 'done' });
    const fan = await run('items', { tasks: [each], output: 'done' });
    const chain = await run('calls', { tasks: [called], output: 'done' });
    const open = (what: string, path: string, isThere: (page: Page) => Promise<unknown>) =>
      measureOpening(browser, url, { what, path, isThere }, times);
    return {
      opened: [
        await open(`graph of a run of ${tasks} tasks`, `runs/${graph}/graph`, isPainted),
        await open(`run of ${items} items`, `runs/${fan}`, isPainted),
        await open(`timeline of ${calls} tasks`, `runs/${chain}/timeline`, hasRows),
      ],
      scrolled: [
        await measureScrolling(browser, url, `runs/${chain}/timeline`, 'slowly'),
        await measureScrolling(browser, url, `runs/${chain}/timeline`, 'fast'),
      ],
    };
  } finally {
    await browser.close();
    await production.stop();
    web.close();
  }
}

/** Tasks in rows, each of which leads to the one below, and every other one also to its neighbour there, which waits for both. */
function tasksInRows(count: number): object[] {
  const name = (at: number) => `task_${at}`;
  return Array.from({ length: count }, (_, at) => {
    const below = at + ROW;
    const isLast = below >= count;
    const joins = at >= ROW && at % 2 === 1;
    const targets = at % 2 === 0 && below + 1 < count ? [name(below), name(below + 1)] : [name(below)];
    return {
      name: name(at),
      action: 'core.noop',
      ...(joins ? { join: 'all' } : {}),
      ...(isLast ? {} : { next: [{ do: targets }] }),
    };
  });
}

const isPainted = (page: Page) =>
  page.waitForFunction(() => performance.getEntriesByName('graph-painted').length > 0, undefined, { polling: 'raf' });
const hasRows = (page: Page) =>
  page.getByRole('treegrid', { name: 'Timeline' }).getByRole('rowheader').first().waitFor();

async function signedIn(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ baseURL: `${url}/`, viewport: { width: 1280, height: 800 } });
  const answer = await context.request.post('api/v1/session', { data: { key: BENCH_KEY } });
  if (answer.status() !== 201) throw new Error(await answer.text());
  return context.newPage();
}

async function measureOpening(
  browser: Browser,
  url: string,
  { what, path, isThere }: { what: string; path: string; isThere: (page: Page) => Promise<unknown> },
  times: number,
): Promise<OpenedPage> {
  const found: OpenedPage = { what, milliseconds: [], kilobytes: [] };
  for (let time = 0; time < times; time += 1) {
    const page = await signedIn(browser, url);
    const network = await page.context().newCDPSession(page);
    let bytes = 0;
    network.on('Network.dataReceived', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    await network.send('Network.enable');
    const begun = performance.now();
    await page.goto(`console/${path}`, { waitUntil: 'commit' });
    await isThere(page);
    found.milliseconds.push(performance.now() - begun);
    // Counts also the bytes that are still on their way: no stream of a closed run stays open.
    await page.waitForLoadState('networkidle');
    found.kilobytes.push(bytes / 1000);
    await page.context().close();
  }
  console.log(
    `  ${what}: ${found.milliseconds.map(Math.round).join(', ')} ms, ${found.kilobytes.map(Math.round)[0]} kB`,
  );
  return found;
}

/** Scrolls a page by some pixels in each of some frames. */
const SCROLL = `async ([frames, step]) => {
  const longTasks = [];
  const observer = new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ entryTypes: ['longtask'] });
  let scroller = document.querySelector('[role=treegrid]');
  while (scroller.scrollHeight <= scroller.clientHeight || getComputedStyle(scroller).overflowY === 'visible') {
    scroller = scroller.parentElement ?? document.scrollingElement;
    if (scroller === document.scrollingElement) break;
  }
  const times = [];
  let last = performance.now();
  for (let frame = 0; frame < frames; frame += 1) {
    await new Promise(requestAnimationFrame);
    scroller.scrollTop += step;
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  observer.disconnect();
  return { times, longTasks };
}`;

async function measureScrolling(
  browser: Browser,
  url: string,
  path: string,
  how: keyof typeof STEPS,
): Promise<ScrolledPage> {
  const page = await signedIn(browser, url);
  await page.goto(`console/${path}`);
  await hasRows(page);
  await page.waitForLoadState('networkidle');
  const { times, longTasks } = await page.evaluate<{ times: number[]; longTasks: number[] }>(
    `(${SCROLL})([${FRAMES}, ${STEPS[how]}])`,
  );
  await page.context().close();
  console.log(`  timeline ${how}: ${longTasks.length} long tasks, longest frame ${Math.round(Math.max(...times))} ms`);
  return { what: `timeline scrolled ${how}`, frames: times, longTasks };
}
