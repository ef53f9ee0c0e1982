// Loaded before any run, while it still can be set. Temporal's SDK takes the stack of every promise that a workflow makes, for
// its query `__stack_trace`, and looks each line up in the source map: a third of what a run costs. It would tell of the
// interpreter, which is the same in all runs and pure, so that a fault is found again, with its stack, by the projection.
(Error as ErrorConstructor & { stackTraceLimit: number }).stackTraceLimit = 0;
