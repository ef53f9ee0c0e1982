import { createHistoryReader, type ReadHistory } from '../../../console/debugger/history-file.ts';
import type { Json } from '../../../model/json.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { writeEvent } from '../../../service/histories/exports/proto-json.ts';

/** Writes the file of an export of runs; `more` replaces its first fields. */
export function writeExport(runs: readonly (readonly HistoryEvent[])[], more: Record<string, Json> = {}): string {
  let first = 1;
  const written = runs.map((events, index) => {
    const head = { index, run_id: `run-${index}`, first_event: first, first_evaluation: more.masked ? 1 : null };
    first += events.length;
    return `${JSON.stringify(head).slice(0, -1)},"events":[${events.map(writeEvent)}]}`;
  });
  const { workflowId } = runs[0]![0]!.workflowExecutionStartedEventAttributes ?? {};
  const head = {
    fermata_history: 1,
    execution: { id: 1, workflow_id: workflowId ?? '' },
    masked: false,
    replayable: true,
    reason: null,
    evaluations: [],
    ...more,
  };
  return `${JSON.stringify(head).slice(0, -1)},"runs":[${written}]}`;
}

/** Reads the files of a history. */
export function readFiles(...texts: string[]): ReadHistory {
  const reader = createHistoryReader();
  for (const text of texts) reader.read(text);
  return reader.end();
}

/** Takes one run out of an export of several, as the API exports it. */
export function takeRun(file: string, index: number): string {
  const { runs, ...rest } = JSON.parse(file) as { runs: Json[] };
  return JSON.stringify({ ...rest, runs: [runs[index]] });
}
