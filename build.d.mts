/** Builds dist/ unless it is of these sources. Several processes may do so at once. */
export function build(): Promise<void>;

/** Returns a hash of when files, by path from the root, last changed: of the times that the system alone sets. */
export function timesOf(paths: readonly string[]): string;

/** Reports whether a folder is of sources that had last changed at some times. Who noted these may have meant the folder in its place before. */
export function isOfTimes(folder: string, times: string): Promise<boolean>;
