import { expect, it } from 'vitest';
import { createAnswers } from '../../../console/debugger/answers.ts';
import { characterEntities, wasLibraryMissed } from '../../../console/debugger/late-libraries.ts';
import type { DebuggerRequest } from '../../../console/debugger/protocol.ts';
import { createStepper } from '../../../console/debugger/stepper.ts';
import type { Definition } from '../../../model/definition.ts';
import type { Json } from '../../../model/json.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { writeEvent } from '../../../service/histories/exports/proto-json.ts';
import { copyHistory } from '../../../service/projections/history-copies.ts';
import { madeHistories, madeRun } from '../../fixtures/made.ts';
import { readFiles, writeExport } from './histories.ts';

const DEFINITION: Definition = {
  tasks: [
    { name: 'first', action: 'bench.act', input: { text: 'to {{ name | upper }}', of: [1, '{{ name }}'] } },
    { name: 'second', action: 'bench.act' },
  ],
};
const [EVENTS] = copyMade(DEFINITION, { name: 'hidden word' });

function copyMade(definition: Definition, input: Record<string, Json> = {}, longest?: number) {
  return madeHistories(madeRun(definition), input, longest).map((events) => copyHistory(events).events);
}

const WHOLE = { rows: { offset: 0, limit: 100 }, selected: null };

/** Writes a history as Temporal's command line does. */
function writeTemporalFile(events: readonly HistoryEvent[], change = (text: string) => text): string {
  return change(`{"events":[${events.map(writeEvent)}]}`);
}

it('a history is read as Temporal writes it, with either form of its names, and as Fermata exports it', () => {
  const files = [
    writeTemporalFile(EVENTS!),
    writeTemporalFile(EVENTS!, (text) =>
      text.replace(/"eventType":"EVENT_TYPE_(\w+)"/g, (_, words: string) => {
        const name = words.replace(
          /([A-Z])([A-Z]*)_?/g,
          (__, first: string, rest: string) => first + rest.toLowerCase(),
        );
        return `"eventType":"${name}"`;
      }),
    ),
    writeExport([EVENTS!]),
  ];
  for (const file of files) {
    const stepper = createStepper(readFiles(file));
    const { verification, lastEvent, ref, tasks } = stepper.opened;
    expect(verification).toMatchObject({
      state: 'verified',
      sentence: `Verified: recomputed from history, ${EVENTS!.length} of ${EVENTS!.length} events agree`,
    });
    expect([lastEvent, ref, tasks]).toEqual([EVENTS!.length, 'examples.made', ['first', 'second']]);
    const names = EVENTS!.map((_, at) => stepper.stop({ ...WHOLE, event: at + 1 }).history.name);
    expect(names.slice(0, 5)).toEqual([
      ...['WorkflowExecutionStarted', 'WorkflowTaskScheduled', 'WorkflowTaskStarted', 'WorkflowTaskCompleted'],
      'ActivityTaskScheduled',
    ]);
  }
});

const started = (change: (run: Record<string, Json>) => Json) => {
  const { workflowExecutionStartedEventAttributes: attributes, ...event } = EVENTS![0]!;
  const [input, second] = attributes!.input!.payloads!;
  const run = JSON.parse(Buffer.from(second!.data!).toString());
  const payload = { ...second, data: Buffer.from(JSON.stringify(change(run))) };
  const changed = { ...attributes, input: { payloads: [input!, payload] } };
  return writeTemporalFile([{ ...event, workflowExecutionStartedEventAttributes: changed }]);
};

it.each([
  ['no JSON', '<html>', 'not a history'],
  ['another JSON', '{"data":[]}', 'not a history'],
  ['a list', '[]', 'not a history'],
  ['no events', '{"events":[]}', 'not a history'],
  ['the end of a history', writeTemporalFile(EVENTS!.slice(3)), 'it does not begin with the first event of a run'],
  [
    'a run of a later interpreter',
    started((run) => ({ ...run, interpreter: 99 })),
    'made by interpreter 99, this console knows 11',
  ],
  ['a run of others', started(() => ({ anything: 1 })), 'not started by Fermata'],
  [
    'encrypted payloads',
    writeTemporalFile(EVENTS!).replaceAll(btoa('json/plain'), btoa('binary/encrypted')),
    'its payloads are encrypted: export the history with Fermata',
  ],
  [
    'decoded payloads',
    writeTemporalFile(EVENTS!.slice(0, 1)).replace(
      /"payloads":\[.*?\]\}/,
      '"payloads":[{"name":"x"},{"interpreter":11}]}',
    ),
    'its payloads were decoded when it was downloaded: download it without decoding them',
  ],
  ['an event without a time', writeTemporalFile(EVENTS!).replace(/"eventTime":"[^"]*",?/, ''), 'not a history'],
  [
    'an event at no time',
    writeTemporalFile(EVENTS!).replace(/"eventTime":"[^"]*"/, '"eventTime":"soon"'),
    'not a history',
  ],
  [
    'an input that is no list',
    writeTemporalFile(EVENTS!).replace(/"payloads":\[.*?\]\}/, '"payloads":7}'),
    'not a history',
  ],
  ['a later export', '{"fermata_history":2}', 'exported by a later version of Fermata'],
  [
    'an export that cannot be replayed',
    writeExport([EVENTS!], { replayable: false, reason: 'Temporal lost it' }),
    'it cannot be replayed: Temporal lost it',
  ],
])('%s is refused with a sentence', async (_, text, sentence) => {
  const answer = createAnswers();
  const ask = (call: string, input: unknown) => answer({ id: 7, call, input } as DebuggerRequest);
  void ask('begin', null);
  expect(await ask('read', { text })).toEqual({ id: 7, refused: sentence });
  expect(await ask('open', null)).toEqual({ id: 7, refused: 'not a history' });
});

it.each([
  ['a definition that is none', started((run) => ({ ...run, definition: null }))],
  ['malformed evaluations', writeExport([EVENTS!], { masked: true, evaluations: [null, 'x'] })],
])('a history with %s is refused when it is opened', async (_, text) => {
  const answer = createAnswers();
  const ask = (call: string, input: unknown) => answer({ id: 7, call, input } as DebuggerRequest);
  void ask('begin', null);
  expect(await ask('read', { text })).toEqual({ id: 7, result: null });
  expect(await ask('open', null)).toEqual({ id: 7, refused: 'not a history' });
});

it.each<[string, (library: object) => unknown]>([
  ['a property', (library) => (library as { amp?: string }).amp],
  ['whether it has one', (library) => 'amp' in library],
  ['its names', (library) => Object.keys(library)],
  ['all of it', (library) => Object.assign({}, library)],
  ['its prototype', (library) => Object.getPrototypeOf(library)],
])('a library that is not loaded is missed by whoever reads %s', (_, read) => {
  expect(() => read(characterEntities)).toThrow();
  expect([wasLibraryMissed(), wasLibraryMissed()]).toEqual([true, false]);
});
