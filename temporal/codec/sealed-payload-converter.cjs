// Plain JavaScript, since Temporal's SDK loads it by its path, also into the sandbox of the workflow.
const { inWorkflowContext, workflowInfo } = require('@temporalio/workflow');
const { payloadConverter } = require('./payload-converter.cjs');

/** The key of the marker for a payload that cannot be read; model/unreadable.ts knows the same one. */
const UNREADABLE = Symbol.for('fermata.unreadable');

/**
 * The converter of workers that seal what they send. A run whose memo says that all its payloads are sealed takes none that came in
 * the clear, which codec.ts marks: whoever sent it has no key.
 */
exports.payloadConverter = {
  toPayload: payloadConverter.toPayload,

  fromPayload(payload, context, hint) {
    if (payload.metadata?.['fermata-clear'] && inWorkflowContext() && workflowInfo().memo?.fermata?.sealed === true) {
      return { [UNREADABLE]: 'binary/unsealed' };
    }
    return payloadConverter.fromPayload(payload, context, hint);
  },
};
