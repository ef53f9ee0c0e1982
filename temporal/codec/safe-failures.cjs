// Plain JavaScript, since Temporal's SDK loads failure converters by their path, also into the sandbox of the workflow.
const { DefaultFailureConverter } = require('@temporalio/common');

/** Longest text of a failure, in UTF-16 units: with details of 1.5 MB the whole stays below Temporal's limit of 2 MiB. */
const MAX_TEXT = 32_768;
const MARK = ' … (shortened)';

/** The text as protobuf can carry it: lone surrogates become U+FFFD, and what is too long is cut, with a mark. */
function safeText(text) {
  if (typeof text !== 'string') return text;
  const kept = text.length <= MAX_TEXT ? text : text.slice(0, MAX_TEXT - MARK.length) + MARK;
  return kept.toWellFormed();
}

/**
 * Temporal's own failure converter, whose failures can always be sent: a message that protobuf cannot carry ends the whole
 * worker, and one that is too large fails the workflow task again and again.
 */
class SafeFailureConverter extends DefaultFailureConverter {
  errorToFailureInner(error, payloadConverter, context) {
    const failure = super.errorToFailureInner(error, payloadConverter, context);
    const { message, stackTrace, applicationFailureInfo } = failure;
    return {
      ...failure,
      message: safeText(message),
      stackTrace: safeText(stackTrace),
      ...(applicationFailureInfo && {
        applicationFailureInfo: { ...applicationFailureInfo, type: safeText(applicationFailureInfo.type) },
      }),
    };
  }
}

module.exports = { SafeFailureConverter };
