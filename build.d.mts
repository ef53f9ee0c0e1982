/** Builds dist/ unless it is of these sources. Several processes may do so at once. */
export function build(): Promise<void>;

/** Returns a hash of when files, by path from the root, last changed: of the times that the system alone sets. */
export function timesOf(paths: readonly string[]): string;
