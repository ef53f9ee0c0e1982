// The failure converter of workers that seal nothing.
const { SafeFailureConverter } = require('./safe-failures.cjs');

exports.failureConverter = new SafeFailureConverter();
