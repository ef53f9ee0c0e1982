import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DEV_KEY } from '../support/api-harness.ts';
import { broughtAbout, readFocus, stepTo, title } from './pages.ts';
import { keepPicture } from './picture.ts';
import type { Console } from './visitor.ts';

/** The workflow of docs/debugging.md, whose condition is about the wrong value. */
export async function readDebuggedWorkflow(): Promise<{ ref: string; pack_ref: string }> {
  const [, yaml] = /<<'YAML'\n([\s\S]*?)\nYAML\n/.exec(await readFile('docs/debugging.md', 'utf8'))!;
  return parse(yaml!);
}

/** Waits in the middle, and hides a parameter. */
const HALTING = {
  ref: 'shop.halting',
  pack_ref: 'shop',
  label: 'Waits for a word',
  version: '1.0.0',
  param_schema: { type: 'object', properties: { code: { type: 'string', writeOnly: true } } },
  definition: {
    variables: { words: [] },
    start: ['listen'],
    tasks: [
      {
        name: 'listen',
        action: 'core.wait_signal',
        input: { name: 'word' },
        publish: { words: '{{ words + [result()] }}' },
        next: [
          { when: 'words | length < 2', do: 'listen' },
          { when: 'words | length >= 2', do: 'tell' },
        ],
      },
      {
        name: 'tell',
        action: 'core.transform',
        input: {
          data: {
            said: '{{ words }}',
            length: '{{ code | length }}',
            isPair: "{{ words | length | string | regex_search('^2$') }}",
          },
        },
      },
    ],
  },
};

/** A workflow that fails, and one whose task it is. */
const FAILING = {
  ref: 'shop.failing',
  pack_ref: 'shop',
  label: 'Fails',
  version: '1.0.0',
  definition: { tasks: [{ name: 'give_up', action: 'core.fail', input: { message: 'no' } }] },
};
const CALLING = {
  ...FAILING,
  ref: 'shop.calling',
  definition: {
    tasks: [
      { name: 'below', action: FAILING.ref, on_success: 'after' },
      { name: 'after', action: 'core.noop' },
    ],
  },
};

/** Makes, in the page, what a browser says of a file that is dropped. */
const DROPPED_FILE = `(() => {
  const dropped = new DataTransfer();
  dropped.items.add(new File(['{}'], 'c.json', { type: 'application/json' }));
  return dropped;
})()`;

/** Tests the debugger of runs and of history files. */
export function testDebugger(site: () => Console): void {
  const call = (method: string, path: string, body?: unknown) => site().harness.call(method, `/api/v1/${path}`, body);
  const place = (page: Page) => page.getByRole('slider', { name: 'Event' }).getAttribute('aria-valuetext');
  const verification = (page: Page) => page.getByRole('status', { name: 'Verification' });
  const region = (page: Page, name: string) => page.getByRole('region', { name });

  let systems: ChildProcess;
  let address: string;
  const order = (amount: number) => ({ systems: address, article: 'tent', amount, coupon: 'SPRING' });

  /** Starts a run and waits until it has ended. */
  async function run(action_ref: string, parameters: unknown): Promise<number> {
    return (await call('POST', 'executions', { action_ref, parameters, wait: 30 })).body.data.id;
  }

  /** Runs what waits for two words, and gives it two. */
  async function runHalting(): Promise<number> {
    const { id } = (await call('POST', 'executions', { action_ref: HALTING.ref, parameters: { code: 'abcd' } })).body
      .data;
    for (const payload of ['one', 'two']) await call('POST', `executions/${id}/signal`, { name: 'word', payload });
    await expect.poll(async () => (await call('GET', `executions/${id}`)).body.data.state).toBe('completed');
    return id;
  }

  async function exportOf(id: number): Promise<string> {
    const path = `${site().harness.api.url}/api/v1/executions/${id}/history/export`;
    return (await fetch(path, { headers: { 'x-api-key': DEV_KEY } })).text();
  }

  /** Gives the page a file. */
  async function choose(page: Page, text: string, name = 'history.json'): Promise<void> {
    const file = { name, mimeType: 'application/json', buffer: Buffer.from(text) };
    await page.getByRole('button', { name: 'Choose a file' }).waitFor();
    // Nobody sees the window of the operating system that the button opens.
    await page.evaluate("document.querySelector('input[type=file]').click = () => (globalThis.hasOpened = true)");
    await page.getByRole('button', { name: 'Choose a file' }).press('Enter');
    expect(await page.evaluate('globalThis.hasOpened')).toBe(true);
    await page.locator('input[type=file]').setInputFiles(file);
  }

  beforeAll(async () => {
    systems = spawn(process.execPath, ['examples/systems.mjs'], { env: { ...process.env, PORT: '0' } });
    address = String((await once(systems.stdout!, 'data'))[0]).trim();
    await call('POST', 'packs', { ref: 'shop', label: 'Shop', version: '1.0.0' });
    for (const workflow of [await readDebuggedWorkflow(), HALTING, FAILING, CALLING]) {
      expect((await call('POST', 'workflows', workflow)).status).toBe(201);
    }
  });

  afterAll(() => systems?.kill());

  describe('the debugger of a run', () => {
    it('leads by keyboard to the event at which it went wrong, says why, and opens at the event of a link', async () => {
      const { ref } = await readDebuggedWorkflow();
      const id = await run(ref, order(120));
      const page = await site().visit(`runs/${id}`);
      await page.getByRole('tab', { name: 'Graph' }).focus();
      for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
      const { last_event: last } = (await call('GET', `executions/${id}`)).body.data;
      await expect.poll(() => place(page)).toBe(`Event ${last} of ${last}: WorkflowExecutionCompleted`);
      expect(await verification(page).innerText()).toBe(
        `Verified: recomputed from history, ${last} of ${last} events agree`,
      );
      await site().examine(page);

      await page.getByRole('combobox', { name: 'Stop at changes of' }).focus();
      await page.keyboard.press('V');
      await page.getByRole('button', { name: 'Previous change' }).press('Enter');
      const why = page.getByRole('table', { name: 'Why' });
      await why
        .getByRole('row', { name: /^price approve total > 100 false no the condition is false.*total is 90$/ })
        .waitFor();
      await why.getByRole('row', { name: /^price ship total <= 100 true yes/ }).waitFor();
      const variable = page.getByRole('table', { name: 'Variables' }).getByRole('row', { name: /^total changed/ });
      expect(await variable.getByRole('cell').allInnerTexts()).toEqual(['90', '120']);
      await region(page, 'Changes').getByText('total').waitFor();
      const input = region(page, 'Rendered input');
      await input.getByText('{{ systems }}/coupons/{{ coupon }}').waitFor();
      await input.getByRole('table').getByText(`"${address}/coupons/SPRING"`).waitFor();
      const graph = page.getByRole('group', { name: `Graph of ${ref}` });
      await graph.getByRole('button', { name: 'price, core.http: 1 completed' }).waitFor();
      await graph.getByRole('button', { name: 'approve, core.inquiry: not begun' }).waitFor();
      await site().examine(page);

      await keepPicture(page, region(page, 'Debugger'), 'docs/debugging.md');
      const fork = await page.getByRole('link', { name: 'Fork from here' }).getAttribute('href');
      expect(fork).toMatch(new RegExp(`^/console/runs/${id}/fork\\?from=event%3A\\d+$`));
      const found = (await place(page))!;
      const event = Number(/^Event (\d+) /.exec(found)![1]);
      await expect.poll(() => new URL(page.url()).searchParams.get('event')).toBe(String(event));
      const keys: [key: string, event: number][] = [
        ...([
          ['[', event - 1],
          [']', event],
          ['Home', 1],
          ['End', last],
        ] as [string, number][]),
        ['p', event],
        ['n', last],
        ['p', event],
      ];
      await page.getByRole('button', { name: 'Next event' }).focus();
      for (const [key, at] of keys) {
        await page.keyboard.press(key);
        await expect.poll(() => place(page), { message: key }).toMatch(new RegExp(`^Event ${at} of ${last}: \\w+`));
      }
      // As a German keyboard writes it on Windows.
      const altGr = { key: '[', ctrlKey: true, altKey: true, modifierAltGraph: true, bubbles: true };
      await page.getByRole('button', { name: 'Next event' }).dispatchEvent('keydown', altGr);
      await expect.poll(() => place(page)).toMatch(new RegExp(`^Event ${event - 1} of ${last}: `));
      await page
        .getByRole('button', { name: 'Next event' })
        .dispatchEvent('keydown', { ...altGr, modifierAltGraph: false });
      await page.keyboard.press(']');
      await expect.poll(() => place(page)).toMatch(new RegExp(`^Event ${event} of ${last}: `));
      expect(await readFocus(page)).toBe('');
      await page.getByRole('button', { name: 'First event' }).press('Enter');
      await expect.poll(() => place(page)).toBe(`Event 1 of ${last}: WorkflowExecutionStarted`);
      const kinds = page.getByRole('combobox', { name: 'Stop at changes of' });
      expect(await kinds.locator('option').allInnerTexts()).toEqual([
        ...['All tasks', 'stock', 'price', 'approve', 'ship', 'Variables', 'Joins'],
      ]);
      expect(await page.getByRole('button', { name: 'Previous event' }).getAttribute('aria-disabled')).toBe('true');
      await region(page, 'History event').getByText('The run was started, with this input.').waitFor();

      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await page.goto(`console/runs/${id}/debugger?event=${event}&of=variables`);
      await expect.poll(() => place(page)).toBe(found);
      await page.getByRole('button', { name: 'Copy link' }).click();
      await page.getByText(`The link to event ${event} was copied.`).waitFor();
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
        `${site().harness.api.url}/console/runs/${id}/debugger?event=${event}&of=variables`,
      );
      await page.getByRole('button', { name: 'Next change' }).click();
      await expect.poll(() => place(page)).toMatch(new RegExp(`^Event ${last} of`));
    });

    it('plays to the end, and downloads the history as a file that can be opened again', async () => {
      const { ref } = await readDebuggedWorkflow();
      const id = await run(ref, order(50));
      const page = await site().visit(`runs/${id}/debugger?event=1`);
      const number = async () => Number(/^Event (\d+) /.exec((await place(page))!)![1]);
      await page.getByRole('button', { name: 'Next event' }).focus();
      for (let changes = 0; changes < 2; changes += 1) {
        const before = await number();
        await page.keyboard.press('n');
        await expect.poll(number).not.toBe(before);
      }
      const second = await number();
      await page.keyboard.press('Home');
      await expect.poll(number).toBe(1);
      // Back to back: the second change is looked for from the first one on.
      await Promise.all(['n', 'n'].map((key) => page.keyboard.press(key)));
      await expect.poll(number).toBe(second);
      await page.keyboard.press('Home');
      await expect.poll(number).toBe(1);
      await page.getByRole('button', { name: 'Play' }).press('Enter');
      await page.getByRole('button', { name: 'Stop', exact: true }).waitFor();
      const { last_event: last } = (await call('GET', `executions/${id}`)).body.data;
      await expect.poll(() => place(page)).toMatch(new RegExp(`^Event ${last} of`));
      await page.getByRole('button', { name: 'Play' }).waitFor();
      const download = await broughtAbout(page.waitForEvent('download'), () =>
        page.getByRole('link', { name: 'Download history' }).click(),
      );
      expect(download.suggestedFilename()).toBe(`${id}-history.json`);
      const text = await readFile(await download.path(), 'utf8');
      await page.goto('console/history');
      await choose(page, text);
      await verification(page).getByText(`${last} of ${last} events agree`).waitFor();
    });

    it('that is open waits for what is to come, and loads it when somebody asks', async () => {
      const { id } = (await call('POST', 'executions', { action_ref: HALTING.ref, parameters: { code: 'abcd' } })).body
        .data;
      const page = await site().visit(`runs/${id}`);
      await page.getByText('"listen" waits for the signal "word".').waitFor();
      await page.getByRole('tab', { name: 'Debugger' }).click();
      await region(page, 'State at this event').getByText('listen waits for a signal').waitFor();
      for (const payload of ['one', 'two']) await call('POST', `executions/${id}/signal`, { name: 'word', payload });
      await page.getByText('Status completed').waitFor();
      await page.getByRole('button', { name: /^Load \d+ new events$/ }).press('Enter');
      // The button is gone, and the keys still lead through the events.
      await expect.poll(() => page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe('Debugger');
      await page.keyboard.press('[');
      await region(page, 'State at this event').getByText('completed', { exact: true }).first().waitFor();
      await page.keyboard.press('End');
      await region(page, 'State at this event').getByText('completed', { exact: true }).first().waitFor();
      await verification(page).getByText('Verified').waitFor();
      await page
        .getByRole('table', { name: 'Tasks at this event' })
        .getByRole('button', { name: 'tell' })
        .press('Enter');
      const input = region(page, 'Rendered input');
      await input.getByRole('row', { name: 'data.length {{ code | length }} 4' }).waitFor();
      // Regular expressions are loaded for a run that uses them.
      await input.getByRole('row', { name: /^data\.isPair .* true$/ }).waitFor();
      await page.getByRole('button', { name: 'First event' }).click();
      await input.getByText('tell has not begun at this event.').waitFor();
    });

    it('leads from an end that is not taken yet to where the run decides, and from a task to its sub-workflow', async () => {
      const id = await run(CALLING.ref, {});
      const page = await site().visit(`runs/${id}/debugger?event=1`);
      await page.getByRole('button', { name: 'Next event' }).focus();
      await stepTo(page, 'ChildWorkflowExecutionFailed, below');
      await region(page, 'Changes').getByText('failed', { exact: true }).waitFor();
      expect(await page.getByRole('list', { name: 'Waits' }).count()).toBe(0);
      await page.getByText('No transition was decided upon here.').getByRole('button').press('Enter');
      const why = page.getByRole('table', { name: 'Why' });
      await why
        .getByRole('row', { name: 'below after always not evaluated no taken only when the task succeeds' })
        .waitFor();
      await site().examine(page);
      const input = region(page, 'Rendered input');
      await input.getByRole('link', { name: /^Debug the sub-workflow \d+$/ }).click();
      const { child } = (await call('GET', `executions/${id}/tasks/below`)).body.data;
      await title(page, `${FAILING.ref} ${child}`).waitFor();
      await verification(page).getByText('Verified').waitFor();
      await page.goto(`console/runs/${id}/debugger?task=nobody`);
      await input.getByText('There is no task "nobody".').waitFor();
    });

    it('asks the service for each stop where its history cannot be replayed in the browser', async () => {
      const { ref } = await readDebuggedWorkflow();
      const id = await run(ref, order(120));
      const page = await site().visit('runs');
      const path = `**/executions/${id}/history/export?*`;
      await page.route(path, (route) => route.fulfill({ status: 503, json: { error: 'Temporal is away' } }));
      await page.goto(`console/runs/${id}/debugger`);
      await page.getByRole('alert').filter({ hasText: 'Temporal is away' }).waitFor();
      await page.unroute(path);
      await page.route(path, async (route) => {
        const file = await (await route.fetch()).json();
        await route.fulfill({ json: { ...file, replayable: false, reason: 'a word is hidden', evaluations: [] } });
      });
      await page.getByRole('button', { name: 'Try again' }).press('Enter');
      await verification(page).getByText('Recomputed by the server', { exact: true }).waitFor();
      await page.getByText('a word is hidden').waitFor();
      const state = region(page, 'State at this event');
      await state.getByText('completed', { exact: true }).waitFor();
      expect(await state.getByText('Result').count()).toBe(0);
      await page.getByRole('combobox', { name: 'Stop at changes of' }).selectOption('price');
      await page.getByRole('button', { name: 'Previous change' }).click();
      await region(page, 'History event').getByText('The action succeeded, with this output.').waitFor();
      const why = page.getByRole('table', { name: 'Why' });
      // Other tasks may end before the workflow task that takes its end.
      await stepTo(page, 'WorkflowTaskCompleted');
      await why
        .getByRole('row', { name: /^price approve total > 100 false no the condition is false.*total is 90$/ })
        .waitFor();
      await region(page, 'Changes').getByText('total').waitFor();
      await site().examine(page);
    });

    it('shows texts of others as texts, however odd or long', async () => {
      const odd = `<img src=x onerror="throw 1">\u202e${'w'.repeat(10_000)}`;
      const { id } = (await call('POST', 'executions', { action_ref: HALTING.ref, parameters: { code: 'abcd' } })).body
        .data;
      for (const payload of [JSON.parse(`{ "constructor": { "a": 1 }, "text": ${JSON.stringify(odd)} }`), 'two']) {
        await call('POST', `executions/${id}/signal`, { name: 'word', payload });
      }
      const page = await site().visit(`runs/${id}/debugger`);
      await page
        .getByRole('table', { name: 'Variables' })
        .getByRole('row', { name: /^words/ })
        .waitFor();
      await page.getByRole('table', { name: 'Variables' }).locator('summary').first().click();
      await site().examine(page);
      expect(await page.locator('img, main script').count()).toBe(0);
    });
  });

  describe('a history file', () => {
    it('is opened by nobody in particular, and nothing is asked for from then on', async () => {
      const id = await run((await readDebuggedWorkflow()).ref, order(120));
      const text = await exportOf(id);
      const withPatterns = await exportOf(await runHalting());
      const page = await site().visit('runs', { key: null });
      // The worker loads them last, so that no file needs anything else.
      const libraries = await broughtAbout(page.waitForResponse('**/assets/libraries-*.js'), async () => {
        await page.getByRole('link', { name: 'Open a history from a file' }).click();
        await title(page, 'Open a history').waitFor();
        await region(page, 'Drop a history file here').waitFor();
        await site().examine(page);
      });
      await libraries.finished();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.context().setOffline(true);
      for (const [name, wrong, sentence] of [
        ['a.json', '{ "a": 1 }', 'a.json cannot be opened. Not a history.'],
        ['b.json', '{ "__proto__": ', 'b.json cannot be opened. Not a history.'],
      ] as const) {
        await choose(page, wrong, name);
        await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
      }
      await site().examine(page);
      await choose(page, text);
      await verification(page).getByText('Verified').waitFor();
      await page.getByRole('button', { name: 'First event' }).click();
      await expect.poll(() => place(page)).toMatch(/^Event 1 of \d+: WorkflowExecutionStarted$/);
      await site().examine(page);
      await expect.poll(() => new URL(page.url()).searchParams.get('event')).toBe('1');
      const dropped = await page.evaluateHandle(DROPPED_FILE);
      await page.getByRole('heading', { name: 'Open a history' }).dispatchEvent('drop', { dataTransfer: dropped });
      await page.getByRole('alert').filter({ hasText: 'c.json cannot be opened.' }).waitFor();
      expect(new URL(page.url()).search).toBe('');
      await choose(page, withPatterns);
      await verification(page).getByText('Verified').waitFor();
      await page
        .getByRole('table', { name: 'Variables' })
        .getByRole('row', { name: /^words/ })
        .waitFor();
      expect(await page.getByRole('button', { name: 'Copy link' }).count()).toBe(0);
      expect(asked).toEqual([]);
    });

    it('that was changed says at which event the run would have gone another way', async () => {
      const { ref } = await readDebuggedWorkflow();
      const file = JSON.parse(await exportOf(await run(ref, order(120))));
      const { events } = file.runs[0];
      const scheduled = events.findLastIndex((event: { activityTaskScheduledEventAttributes?: unknown }) =>
        Boolean(event.activityTaskScheduledEventAttributes),
      );
      events[scheduled].activityTaskScheduledEventAttributes.activityType.name = 'another.action';
      const page = await site().visit('history', { key: null });
      await choose(page, JSON.stringify(file));
      await verification(page)
        .getByText(`Differs at event ${scheduled + 1}: `)
        .waitFor();
      await page.getByText('What the run was here is not known').waitFor();
      await site().examine(page);
      await page.getByRole('button', { name: 'First event' }).click();
      await region(page, 'Changes').waitFor();
      await page.getByRole('button', { name: `Go to event ${scheduled + 1}` }).click();
      await expect.poll(() => place(page)).toMatch(new RegExp(`^Event ${scheduled + 1} of`));
    });
  });
}
