/** The actions that have no effect outside their own run. */
export const PURE_ACTIONS: ReadonlySet<string> = new Set([
  'core.noop',
  'core.transform',
  'core.log',
  'core.delay',
  'core.fail',
  'core.wait_signal',
]);
