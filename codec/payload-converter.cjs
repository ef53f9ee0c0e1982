// Plain JavaScript, since Temporal's SDK loads it by its path, also into the sandbox of the workflow.
const { defaultPayloadConverter } = require('@temporalio/common');

/** The key of the marker for a payload that cannot be read; model/unreadable.ts knows the same one. */
const UNREADABLE = Symbol.for('fermata.unreadable');

const names = new TextDecoder();
const json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Temporal's default converter, which gives a marker for a payload that is not JSON where that throws: an exception fails the
 * workflow task again and again, and nobody but Temporal's own tools could end the run. A sealed payload still throws, since
 * another worker may have its key.
 */
exports.payloadConverter = {
  toPayload: (value, context, hint) => defaultPayloadConverter.toPayload(value, context, hint),

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
          return JSON.parse(json.decode(payload.data ?? new Uint8Array()));
        } catch {
          return { [UNREADABLE]: name };
        }
      default:
        return { [UNREADABLE]: name };
    }
  },
};
