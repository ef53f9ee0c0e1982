// The failure converter of workers that seal what they send: what failures say becomes a payload as well.
const { SafeFailureConverter } = require('./safe-failures.cjs');

exports.failureConverter = new SafeFailureConverter({ encodeCommonAttributes: true });
