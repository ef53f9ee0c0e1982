import type { Evaluation } from '../../interpreter/evaluations.ts';
import { isJsonObject, type Json, type JsonObject, ownValue } from '../../model/json.ts';
import { INTERPRETER_VERSION } from '../../model/run-input.ts';
import { eventTime, type HistoryEvent } from '../../projection/history.ts';
import { readHistory } from '../../projection/json/history.ts';
import { isSealed, type ProtoPayload } from '../../projection/payload.ts';
import { type Opening, readOpening } from '../../projection/runs/opening.ts';
import { RefusedHistory } from './protocol.ts';

/** The history of one Temporal run of a chain. */
export interface ReadRun {
  index: number;
  runId: string;
  /** The number of its first event in the chain. */
  firstEvent: number;
  /** The number of its first computation in the chain; null where nothing is hidden. */
  firstEvaluation: number | null;
  events: HistoryEvent[];
}

/** The history of a run: all Temporal runs that were read, in order. */
export interface ReadHistory {
  id: number | null;
  workflowId: string;
  masked: boolean;
  /** The values that cannot be computed from a masked history. */
  evaluations: Evaluation[];
  runs: ReadRun[];
  /** The first event, read. */
  opening: Opening & { known: NonNullable<Opening['known']> };
}

/** Reads the files of one history, one after the other. */
export interface HistoryReader {
  /** Reads the text of a file. Throws a RefusedHistory. */
  read(text: string): void;
  /** Ends the reading. Throws a RefusedHistory when nothing was read. */
  end(): ReadHistory;
}

/** The sentence about a file that is something else. */
export const NOT_A_HISTORY = 'not a history';

/** Creates a reader without any file yet. */
export function createHistoryReader(): HistoryReader {
  let history: ReadHistory | null = null;
  return {
    read(text) {
      const read = readFile(text);
      if (history === null) history = read;
      else append(history, read);
    },
    end() {
      if (history === null) throw new RefusedHistory(NOT_A_HISTORY);
      return history;
    },
  };
}

/** Adds the next runs of a chain. */
function append(history: ReadHistory, { runs, evaluations, workflowId }: ReadHistory): void {
  const last = history.runs.at(-1)!;
  const [next] = runs;
  const follows = next!.index === last.index + 1 && next!.firstEvent === last.firstEvent + last.events.length;
  if (workflowId !== history.workflowId || !follows) {
    throw new RefusedHistory(`run ${next!.index} of the chain does not follow run ${last.index}`);
  }
  history.runs.push(...runs);
  for (const evaluation of evaluations) history.evaluations.push(evaluation);
}

function readFile(text: string): ReadHistory {
  const value = parse(text);
  const read = value.fermata_history === undefined ? readTemporalFile(value) : readExport(value);
  const first = read.runs[0]?.events[0];
  const started = first?.workflowExecutionStartedEventAttributes;
  if (first === undefined || !started) throw new RefusedHistory('it does not begin with the first event of a run');
  refuseUnreadable(started.input?.payloads ?? []);
  const workflowId = read.workflowId || (started.workflowId ?? '');
  const opening = readOpening(workflowId, first, started);
  const { run, known } = opening;
  if (run === null) throw new RefusedHistory('not started by Fermata');
  if (known === null) {
    throw new RefusedHistory(`made by interpreter ${run.interpreter}, this console knows ${INTERPRETER_VERSION}`);
  }
  return { ...read, workflowId, opening: { ...opening, known } };
}

type Contents = Omit<ReadHistory, 'opening'>;

function parse(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RefusedHistory(NOT_A_HISTORY);
  }
  if (!isJsonObject(value)) throw new RefusedHistory(NOT_A_HISTORY);
  return value;
}

/** Reads what Temporal's command line and its UI write: the events of one run. */
function readTemporalFile(value: JsonObject): Contents {
  const events = readEvents(value);
  const runId = events[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? '';
  const runs = [{ index: 0, runId, firstEvent: 1, firstEvaluation: null, events }];
  return { id: null, workflowId: '', masked: false, evaluations: [], runs };
}

/** Reads an export of Fermata (service/histories/exports/file.ts). */
function readExport(value: JsonObject): Contents {
  const { fermata_history: form, execution, masked, replayable, reason, evaluations, runs } = value;
  if (form !== 1) throw new RefusedHistory('exported by a later version of Fermata');
  if (!Array.isArray(runs) || runs.length === 0 || !Array.isArray(evaluations)) throw new RefusedHistory(NOT_A_HISTORY);
  if (replayable === false) throw new RefusedHistory(`it cannot be replayed: ${reason}`);
  const about = execution !== undefined && isJsonObject(execution) ? execution : {};
  return {
    id: typeof about.id === 'number' ? about.id : null,
    workflowId: typeof about.workflow_id === 'string' ? about.workflow_id : '',
    masked: masked === true,
    // Written by the export, and compared with the run: whatever else it is, the run differs from its history.
    evaluations: evaluations as unknown as Evaluation[],
    runs: runs.map(readRun),
  };
}

function readRun(run: Json): ReadRun {
  if (!isJsonObject(run)) throw new RefusedHistory(NOT_A_HISTORY);
  const { index, run_id, first_event, first_evaluation } = run;
  if (typeof index !== 'number' || typeof first_event !== 'number') throw new RefusedHistory(NOT_A_HISTORY);
  return {
    index,
    runId: String(run_id),
    firstEvent: first_event,
    firstEvaluation: typeof first_evaluation === 'number' ? first_evaluation : null,
    events: readEvents(run),
  };
}

function readEvents(value: JsonObject): HistoryEvent[] {
  const events = readHistory(value);
  if (events === null || !events.every(hasTime)) throw new RefusedHistory(NOT_A_HISTORY);
  return events;
}

function hasTime(event: HistoryEvent): boolean {
  return Boolean(event.eventTime) && Number.isFinite(eventTime(event));
}

/** Refuses the input of a run that is encrypted, or that the Temporal UI has decoded, so that a part of it is lost. */
function refuseUnreadable(payloads: readonly ProtoPayload[]): void {
  if (payloads.some((payload) => ownValue(payload as Record<string, unknown>, 'metadata') === undefined)) {
    throw new RefusedHistory('its payloads were decoded when it was downloaded: download it without decoding them');
  }
  if (payloads.some(isSealed)) throw new RefusedHistory('its payloads are encrypted: export the history with Fermata');
}
