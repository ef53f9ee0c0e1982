// Plain JavaScript, since Temporal's SDK loads it by its path, also into the sandbox of the workflow.
const { defaultPayloadConverter } = require('@temporalio/common');

/** The key of the marker for a payload that cannot be read; model/unreadable.ts knows the same one. */
const UNREADABLE = Symbol.for('fermata.unreadable');

/** What stands for the encoding of JSON that is nested deeper than may be; model/json.ts knows the same limit. */
const TOO_DEEP = 'json/too-deep';
const MAX_NESTING = 1000;

const names = new TextDecoder();
const json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Temporal's default converter, which gives a marker for a payload that is not JSON where that throws, and for JSON on which the
 * code behind it would overflow the stack: an exception fails the workflow task again and again. A sealed payload still throws, since
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
          const text = json.decode(payload.data ?? new Uint8Array());
          const value = JSON.parse(text);
          return isTooDeep(text, value) ? { [UNREADABLE]: TOO_DEEP } : value;
        } catch {
          return { [UNREADABLE]: name };
        }
      default:
        return { [UNREADABLE]: name };
    }
  },
};

/** Reports whether a value is nested too deep; a level takes two characters, so that a short text need not be looked into. */
function isTooDeep(text, value) {
  if (text.length <= 2 * MAX_NESTING) return false;
  let level = [value];
  for (let depth = 0; depth < MAX_NESTING; depth += 1) {
    level = level.filter((entry) => typeof entry === 'object' && entry !== null).flatMap(Object.values);
    if (level.length === 0) return false;
  }
  return true;
}
