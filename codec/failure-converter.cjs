// Plain JavaScript, since Temporal's SDK loads it by its path: what failures say is a payload as well, and sealed as one.
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
