// Loaded before any run, while the limit can still be set. Temporal's SDK takes the stack of every promise that a workflow makes, for its
// query `__stack_trace`, and looks each line up in the source map: a third of the cost of a run. Such stacks only show the interpreter,
// which is pure: the projection meets the same fault, with its stack.
(Error as ErrorConstructor & { stackTraceLimit: number }).stackTraceLimit = 0;
