import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, it } from 'vitest';
import { bundleConsole } from '../../../console/build.mjs';
import { createStepper } from '../../../console/debugger/stepper.ts';
import { OWN_SCHEMA_CHECKS } from '../../../interpreter/versions.ts';
import type { Definition } from '../../../model/definition.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { madeHistories, madeRun } from '../../fixtures/made.ts';
import { RECORDED_RUNS, readEvents } from '../../fixtures/recorded.ts';
import { draws } from '../../seed.ts';
import { makeFolder } from '../../store/test-folders.ts';
import { type BuiltWorker, startBuiltWorker } from './built-worker.ts';
import { readFiles, writeExport } from './histories.ts';

/** A run that uses both libraries, each for the first time in its last template. */
const LATE = {
  variables: { text: 'a1b2' },
  tasks: [
    { name: 'first', action: 'bench.act', next: [{ do: ['second'] }] },
    {
      name: 'second',
      action: 'bench.act',
      next: [
        { when: "{{ text | regex_match('x') }}", do: ['never'] },
        {
          publish: {
            digits: "{{ text | regex_replace('[^0-9]', '') }}",
            sign: "{{ '&Eacute;' | striptags }}",
          },
          do: ['third'],
        },
      ],
    },
    { name: 'never', action: 'bench.act' },
    { name: 'third', action: 'bench.act', input: { digits: '{{ digits }}', sign: '{{ sign }}' } },
  ],
} as Definition;

/** Returns whether a recorded run may use one of the libraries: older interpreters match patterns of schemas without them. */
function mayNeedLibraries(events: readonly HistoryEvent[]): boolean {
  const payloads = events[0]!.workflowExecutionStartedEventAttributes!.input!.payloads!;
  const [run] = payloads.slice(1).map(({ data }) => Buffer.from(data!).toString());
  const hasPatterns = JSON.parse(run!).interpreter >= OWN_SCHEMA_CHECKS && run!.includes('"pattern":"');
  return hasPatterns || /regex_|striptags/.test(run!);
}

const request = (event: number) => ({ event, rows: { offset: 0, limit: 100 }, selected: null });
const EVENTS = [1_000_000, 12];

/** Opens the file of a history, and goes to its end and back. */
async function debug({ ask }: BuiltWorker, text: string): Promise<object[]> {
  await ask('begin', null);
  await ask('read', { text });
  const answers = [await ask('open', null)];
  for (const event of EVENTS) answers.push(await ask('stop', request(event)));
  return answers.map(({ id: _, ...answer }) => answer);
}

/** Returns the same of the stepper as it is, with its libraries. */
function debugHere(text: string): object[] {
  const stepper = createStepper(readFiles(text));
  const results = [stepper.opened, ...EVENTS.map((event) => stepper.stop(request(event)))];
  return results.map((result) => ({ result }));
}

/** Expects that what was debugged is the same. Comparing as Vitest does takes ten times as long. */
function expectSame(debugged: object[], file: string): void {
  const wanted = debugHere(file);
  if (!isDeepStrictEqual(debugged, wanted)) expect(debugged).toEqual(wanted);
}

it('the worker that was built loads the libraries that few runs use once a run uses one, and recomputes that run from its beginning', async () => {
  const folder = await makeFolder('worker');
  const { files } = await bundleConsole();
  const [worker, libraries] = ['debugger', 'libraries'].map(
    (start) => files.find(({ name }) => new RegExp(`^${start}-[A-Z0-9]{8}\\.js$`).test(name))!,
  );
  // Only one finds its libraries.
  const starting = ['alone', 'whole'].map(async (name) => {
    await mkdir(join(folder, name));
    for (const file of name === 'alone' ? [worker!] : [worker!, libraries!]) {
      await writeFile(join(folder, name, file.name), file.contents);
    }
    return startBuiltWorker(join(folder, name, worker!.name));
  });
  const [alone, whole] = await Promise.all(starting);
  const late = writeExport(madeHistories(madeRun(LATE)));
  const recorded = RECORDED_RUNS.map(([, runs]) => runs.map((each) => readEvents(each)));
  const candidates = recorded.filter(([first]) => mayNeedLibraries(first!));
  try {
    expect((await debug(whole!, late))[1]).toMatchObject({
      result: { status: 'completed', variables: [{ value: 'a1b2' }, { value: '12' }, { value: '\u00c9' }] },
    });
    const needing: string[] = [];
    for (const file of [late, ...[...candidates, ...recorded.slice(0, draws(20))].map((runs) => writeExport(runs))]) {
      const debugged = await debug(alone!, file);
      if ('refused' in debugged[0]!) {
        // Nothing else can be asked of that run either.
        expect(debugged[0]).toEqual({ refused: expect.stringContaining('could not be loaded') });
        expect(debugged).toEqual(debugged.map(() => debugged[0]));
        needing.push(file);
      } else expectSame(debugged, file);
    }
    // Most do without, also after one for which they could not be loaded.
    expect([needing.length > 5, needing.length < 1 + candidates.length + draws(20) / 2]).toEqual([true, true]);
    for (const file of needing) expectSame(await debug(whole!, file), file);
  } finally {
    await Promise.all([alone!.close(), whole!.close()]);
  }
});
