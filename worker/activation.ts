/** The facts of a workflow activation that are read without decoding all of it. */
export interface ActivationSummary {
  runId: string;
  /** Present in the first activation of a run in this process. */
  workflowId: string | null;
  /** The activation only removes the run from the cache: no code of a definition runs. */
  eviction: boolean;
}

/** Field numbers of `WorkflowActivation` and its parts; `run_id` is 1 in `WorkflowActivationCompletion`, too. */
const RUN_ID = 1;
const JOBS = 5;
const INITIALIZE_WORKFLOW = 1;
const WORKFLOW_ID = 2;
const REMOVE_FROM_CACHE = 50;

/** Reads an encoded `WorkflowActivation`. Throws a RangeError for bytes that are not a protobuf message. */
export function summarizeActivation(bytes: Uint8Array): ActivationSummary {
  const summary: ActivationSummary = { runId: '', workflowId: null, eviction: false };
  for (const [field, value] of fieldsOf(bytes)) {
    if (field === RUN_ID) summary.runId = textOf(value);
    if (field !== JOBS) continue;
    for (const [job, content] of fieldsOf(value)) {
      if (job === REMOVE_FROM_CACHE) summary.eviction = true;
      if (job !== INITIALIZE_WORKFLOW) continue;
      for (const [part, text] of fieldsOf(content)) if (part === WORKFLOW_ID) summary.workflowId = textOf(text);
    }
  }
  return summary;
}

/**
 * Reads the run id of an encoded `WorkflowActivationCompletion` that its length precedes. Throws a RangeError as
 * `summarizeActivation` does.
 */
export function completedRunId(bytes: Uint8Array): string {
  const start = bytes.findIndex((byte) => byte < 128) + 1;
  for (const [field, value] of fieldsOf(bytes.subarray(start))) if (field === RUN_ID) return textOf(value);
  return '';
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();

/** Yields the length-delimited fields of a protobuf message, in order; skips numbers. */
function* fieldsOf(bytes: Uint8Array): Generator<[field: number, value: Uint8Array]> {
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at];
      if (byte === undefined || scale > 2 ** 63) throw new RangeError('malformed protobuf message');
      at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = number();
    const kind = tag % 8;
    if (kind === 2) {
      const length = number();
      const value = bytes.subarray(at, at + length);
      if (value.length !== length) throw new RangeError('malformed protobuf message');
      at += length;
      yield [Math.floor(tag / 8), value];
    } else if (kind === 0) number();
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else throw new RangeError('malformed protobuf message');
  }
}
