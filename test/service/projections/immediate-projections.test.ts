import { describe, expect, it } from 'vitest';
import type { Definition } from '../../../model/definition.ts';
import type { Json } from '../../../model/json.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { projectExecution } from '../../../projection/project.ts';
import { NOTHING_PENDING } from '../../../projection/waits.ts';
import { findSpecs } from '../../../service/actions/actions.ts';
import { copyHistory } from '../../../service/projections/history-copies.ts';
import { createImmediateProjector } from '../../../service/projections/immediate-projections.ts';
import { RECORDED, readEvents } from '../../fixtures/recorded.ts';

const encoder = new TextEncoder();
const payload = (value: Json) => ({
  metadata: { encoding: encoder.encode('json/plain') },
  data: encoder.encode(JSON.stringify(value)),
});

/** The history of a run that has begun. */
function historyOf(definition: Definition, interpreter = 8, input: Json = {}): HistoryEvent[] {
  const run = {
    interpreter,
    n: 1,
    ref: 'examples.a',
    version: '1.0.0',
    revision: 1,
    hash: null,
    seed: 'a',
    definition,
    actions: findSpecs(definition),
  };
  const payloads = [payload(input), payload(run as unknown as Json)];
  const events: HistoryEvent[] = [
    { workflowExecutionStartedEventAttributes: { input: { payloads }, workflowType: { name: run.ref } } },
    { workflowTaskScheduledEventAttributes: {} },
    { workflowTaskStartedEventAttributes: {} },
    { workflowTaskCompletedEventAttributes: {} },
  ];
  return events.map((event, index) => ({ ...event, eventId: (index + 1) as never }));
}

const project = (whole: HistoryEvent[]) =>
  createImmediateProjector().project({ workflowId: 'w', runId: 'r' }, copyHistory(whole), NOTHING_PENDING);

const inquiry = { action: 'core.inquiry', input: { prompt: 'Go on?' } };
/** Tasks that are done at once, and one that waits. */
const transforms = (count: number, data: Json): Definition => ({
  tasks: [
    ...Array.from({ length: count }, (_, index) => ({ name: `t${index}`, action: 'core.transform', input: { data } })),
    { name: 'wait', ...inquiry },
  ],
});
/** Units of work: one for each entry, twice. */
const sums = (count: number) => transforms(count, '{{ range(0, 5000) | sum }}');
const inquiries = (count: number, data: Json): Definition => ({
  tasks: [
    ...Array.from({ length: count }, (_, index) => ({
      name: `q${index}`,
      ...inquiry,
      on_success: 'then',
    })),
    { name: 'then', action: 'core.transform', input: { data } },
  ],
});

describe('a run that is projected on the event loop', () => {
  it.each<[string, HistoryEvent[]]>([
    ['has a task', historyOf(transforms(1, 'a'))],
    ['has some tasks that work', historyOf(sums(2))],
    ['asks somebody', historyOf(inquiries(1, '{{ range(0, 5000) | sum }}'))],
    ['was not started by Fermata', [{ eventId: 1 as never, workflowExecutionStartedEventAttributes: {} }]],
    ...RECORDED.filter(({ name }) => /v8\/(?!chain)/.test(name)).map(({ name }): [string, HistoryEvent[]] => [
      `was recorded as ${name}`,
      readEvents(name),
    ]),
  ])('shows the same as elsewhere when it %s', (_, history) => {
    const shown = project(history)?.execution;
    expect(shown).toEqual(projectExecution('w', history));
    expect(shown?.divergence).toBeNull();
  });

  it.each<[string, HistoryEvent[]]>([
    ['is of an interpreter that counts no work', historyOf(transforms(1, 'a'), 7)],
    ['has much work in several tasks', historyOf(sums(30))],
    [
      'has much work in one template',
      historyOf(transforms(1, '{% for i in range(60) %}{{ range(0, 5000) | sum }}{% endfor %}')),
    ],
    ['has a large input', historyOf(transforms(1, 'a'), 8, { text: 'x'.repeat(200_000) })],
    [
      'shows one text many times',
      historyOf({
        variables: { a: `{% for i in range(1000) %}${'x'.repeat(100)}{% endfor %}` },
        tasks: transforms(20, '{{ a }}').tasks,
      }),
    ],
    ['takes much work to show', historyOf(inquiries(40, '{{ range(0, 5000) | sum }}'))],
  ])('is left to the threads when it %s', (_, history) => {
    expect(project(history)).toBeNull();
  });

  it('is not tried again once it was too much, as long as it is the same run', () => {
    const projector = createImmediateProjector();
    const read = (runId: string, whole: HistoryEvent[]) =>
      projector.project({ workflowId: 'w', runId }, copyHistory(whole), NOTHING_PENDING) !== null;
    const little = historyOf(transforms(1, 'a'));
    const much = historyOf(sums(30));
    expect([read('a', little), read('a', much), read('a', little), read('b', little)]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});
