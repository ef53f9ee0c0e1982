import { Buffer } from 'node:buffer';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import type { Evaluation } from '../../../interpreter/evaluations.ts';
import { deriveUuid, integerId } from '../../../model/execution-id.ts';
import { type Json, utf8Length } from '../../../model/json.ts';
import type { UnmaskedView } from '../../executions/reader.ts';
import type { MaskedPart, Written } from './jobs.ts';

const inflate = promisify(inflateRaw);

/** A run of the file, whose events are kept deflated. */
interface FileRun {
  index: number;
  run_id: string;
  first_event: number;
  first_evaluation: number | null;
  parts: Buffer[];
}

/** A file that is collected in order: all runs of a chain, or one of them. */
export interface ExportFile {
  /** The number of events that were read, and the bytes that the file has. */
  readonly events: number;
  readonly bytes: number;
  /** Counts events of a run that the file does not have, and what a replay of them has computed. */
  skip(events: number, part: MaskedPart | null): void;
  /** Adds events of a run; `part` is what the replay of them has shown, null where nothing is hidden. */
  add(run: Pick<FileRun, 'index' | 'run_id'>, events: number, written: Written, part: MaskedPart | null): void;
  /** Writes the file: its first fields, the evaluations, and the runs. */
  write(head: ExportHead): AsyncGenerator<string>;
}

/** Creates a file without runs. */
export function createExportFile(): ExportFile {
  const runs: FileRun[] = [];
  const evaluations: Evaluation[] = [];
  let [read, bytes, computed] = [0, 0, 0];
  return {
    get events() {
      return read;
    },
    get bytes() {
      return bytes;
    },
    skip(events, part) {
      read += events;
      computed = part?.computed ?? computed;
    },
    add({ index, run_id }, events, written, part) {
      if (runs.at(-1)?.index !== index) {
        const first_evaluation = part === null ? null : computed + 1;
        runs.push({ index, run_id, first_event: read + 1, first_evaluation, parts: [] });
      }
      read += events;
      computed = part?.computed ?? computed;
      for (const evaluation of part?.evaluations ?? []) evaluations.push(evaluation);
      bytes += written.bytes + utf8Length(JSON.stringify(part?.evaluations ?? []));
      runs.at(-1)!.parts.push(Buffer.from(written.deflated, 'base64'));
    },
    async *write(head) {
      yield `${JSON.stringify(head).slice(0, -1)},"evaluations":[`;
      // They are of no use where the run cannot be replayed.
      for (const [at, evaluation] of head.replayable ? evaluations.entries() : []) {
        yield `${at === 0 ? '' : ','}${JSON.stringify(evaluation)}`;
      }
      yield '],"runs":[';
      for (const [at, { parts, ...run }] of runs.entries()) {
        yield `${at === 0 ? '' : ','}${JSON.stringify(run).slice(0, -1)},"events":[`;
        for (const [place, part] of parts.entries()) yield `${place === 0 ? '' : ','}${await inflate(part)}`;
        yield ']}';
      }
      yield ']}\n';
    },
  };
}

/** The fields of a file before its evaluations. */
export type ExportHead = Record<string, Json> & { replayable: boolean };

/** Returns the fields of a file before its evaluations. */
export function buildHead({ n, execution, hidden }: UnmaskedView, masking: string | null, at: Date): ExportHead {
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
