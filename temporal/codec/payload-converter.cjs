// Plain JavaScript, since Temporal's SDK loads it by its path, also into the sandbox of the workflow.
const { defaultPayloadConverter } = require('@temporalio/common');
const { inWorkflowContext } = require('@temporalio/workflow');

/** Keys of what is noted on a value; interpreter/unreadable.ts and worker/attempts.ts know the same ones. */
const UNREADABLE = Symbol.for('fermata.unreadable');
const TEXT = Symbol.for('fermata.text');
const ATTEMPT = Symbol.for('fermata.attempt');
const VALUE = Symbol.for('fermata.value');
const DEFLATED = Symbol.for('fermata.deflated');

/** Metadata of the output of an activity: the attempt that has made it. */
const ATTEMPT_METADATA = 'fermata-attempt';

/** Metadata of a run input: its deflated text (model/run-payload.ts). */
const DEFLATED_METADATA = 'fermata-deflated';

const names = new TextDecoder();
const bytes = new TextEncoder();
const json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Temporal's default converter, which gives a marker for a payload that is not JSON where that throws: an exception fails the
 * workflow task again and again, and nobody but Temporal's own tools could end the run. A sealed payload still throws, since
 * another worker may have its key. In a workflow, a value of JSON carries its text, by which the run finds what the value does not say.
 */
exports.payloadConverter = {
  toPayload(value, context, hint) {
    const attempt = value?.[ATTEMPT];
    if (attempt === undefined) return defaultPayloadConverter.toPayload(value, context, hint);
    const payload = defaultPayloadConverter.toPayload(value[VALUE], context, hint);
    return { ...payload, metadata: { ...payload.metadata, [ATTEMPT_METADATA]: bytes.encode(String(attempt)) } };
  },

  fromPayload(payload, context, hint) {
    const { encoding } = payload.metadata ?? {};
    const name = encoding ? names.decode(encoding) : '';
    switch (name) {
      case 'binary/null':
      case 'binary/plain':
      case 'binary/encrypted':
        return defaultPayloadConverter.fromPayload(payload, context, hint);
      case 'json/plain':
        try {
          const text = json.decode(payload.data ?? new Uint8Array());
          const value = JSON.parse(text);
          return inWorkflowContext() ? noted(value, text, payload.metadata) : value;
        } catch {
          return { [UNREADABLE]: name };
        }
      default:
        return { [UNREADABLE]: name };
    }
  },
};

/** A value with its text, and with what its metadata say; what is no object stands in one where there is something to note. */
function noted(value, text, { [ATTEMPT_METADATA]: told, [DEFLATED_METADATA]: deflated }) {
  const attempt = told && Number(names.decode(told));
  if (typeof value === 'object' && value !== null) {
    Object.defineProperty(value, TEXT, { value: text, configurable: true });
    if (attempt) Object.defineProperty(value, ATTEMPT, { value: attempt, configurable: true });
    // Only where a run input is expected is this inflated.
    if (deflated) Object.defineProperty(value, DEFLATED, { value: deflated, configurable: true });
    return value;
  }
  // Most texts and numbers say what was written.
  const isSame = JSON.stringify(value) === text && (typeof value !== 'string' || value.isWellFormed());
  return attempt || !isSame ? { [VALUE]: value, [TEXT]: text, [ATTEMPT]: attempt } : value;
}
