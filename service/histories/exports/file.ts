import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { Evaluation } from '../../../interpreter/evaluations.ts';
import { deriveUuid, integerId } from '../../../model/execution-id.ts';
import { type Json, utf8Length } from '../../../model/json.ts';
import type { UnmaskedView } from '../../executions/reader.ts';
import type { MaskedPart } from './jobs.ts';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** A run of the file, whose events are kept compressed. */
interface FileRun {
  index: number;
  runId: string;
  firstEvent: number;
  firstEvaluation: number;
  parts: Buffer[];
}

/** The parts of an export, collected in order: of all runs of a chain, or of one. */
export class FileParts {
  /** Why the run cannot be computed again; null: it can. */
  reason: string | null = null;
  /** The number of events that were read, and the bytes that the file has. */
  events = 0;
  bytes = 0;
  readonly #wanted: number | null;
  readonly #runs: FileRun[] = [];
  readonly #evaluations: Evaluation[] = [];
  #computed = 0;

  /** `wanted` is the index of the only run in the file; null: all runs are. */
  constructor(wanted: number | null) {
    this.#wanted = wanted;
  }

  /** Adds events of a run, as JSON, with what computing them has shown. */
  async add(
    { index, runId }: Pick<FileRun, 'index' | 'runId'>,
    { evaluations, computed, reason }: MaskedPart,
    texts: readonly string[],
  ): Promise<void> {
    const [firstEvent, firstEvaluation] = [this.events + 1, this.#computed + 1];
    this.events += texts.length;
    this.#computed = computed;
    this.reason ??= reason;
    if (this.#wanted !== null && this.#wanted !== index) return;
    if (this.#runs.at(-1)?.index !== index) this.#runs.push({ index, runId, firstEvent, firstEvaluation, parts: [] });
    const text = texts.join(',');
    this.bytes += utf8Length(text) + utf8Length(JSON.stringify(evaluations));
    for (const evaluation of evaluations) this.#evaluations.push(evaluation);
    this.#runs.at(-1)!.parts.push(await deflate(text, { level: 1 }));
  }

  /** Writes the file: its first fields, the evaluations, and the runs. */
  async *write(head: Record<string, Json>): AsyncGenerator<string> {
    yield `${JSON.stringify(head).slice(0, -1)},"evaluations":[`;
    for (const [at, evaluation] of this.#evaluations.entries()) {
      yield `${at === 0 ? '' : ','}${JSON.stringify(evaluation)}`;
    }
    yield '],"runs":[';
    for (const [at, { parts, ...run }] of this.#runs.entries()) {
      const { index, runId: run_id, firstEvent: first_event, firstEvaluation: first_evaluation } = run;
      const opening = JSON.stringify({ index, run_id, first_event, first_evaluation }).slice(0, -1);
      yield `${at === 0 ? '' : ','}${opening},"events":[`;
      for (const [place, part] of parts.entries()) yield `${place === 0 ? '' : ','}${await inflate(part)}`;
      yield ']}';
    }
    yield ']}\n';
  }
}

/** Returns the fields of a file before its evaluations. */
export function buildHead(
  { n, execution, hidden }: UnmaskedView,
  masking: string | null,
  at: Date,
): Record<string, Json> {
  const { workflowId, memo, run, status, projection, divergence } = execution;
  const reasons: Record<typeof projection, string | null> = {
    complete: masking,
    diverged: divergence ?? 'the interpreter and the history do not agree',
    partial: 'this version does not know the interpreter, or its work is too much',
    foreign: 'Fermata did not start the run',
  };
  const reason = reasons[projection];
  return {
    fermata_history: 1,
    execution: {
      id: integerId(n),
      uuid: deriveUuid(n),
      workflow_id: workflowId,
      ref: memo?.ref ?? execution.workflowType,
      version: run?.version ?? null,
      revision: run?.revision ?? null,
      hash: run?.hash ?? null,
      state: status,
    },
    exported_at: at.toISOString(),
    masked: hidden.length > 0,
    replayable: reason === null,
    reason,
  };
}
