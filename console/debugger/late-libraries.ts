import type * as libraries from './libraries.ts';

// Stands in for libraries that few runs use, wherever the worker imports them (console/build.mjs). They are loaded when a run first
// uses one. A run cannot wait for them, and whoever evaluates a template takes any error for one of the template: so a run that has used a
// library which is not there must be recomputed from its beginning.

/** Stands for a library that is not there: notes that it is needed, whatever is read of it. */
const absent = new Proxy(
  {},
  { get: miss, has: miss, ownKeys: miss, getOwnPropertyDescriptor: miss, getPrototypeOf: miss },
) as never;

let isMissed = false;

export let RE2JS: typeof libraries.RE2JS = absent;
export let characterEntities: typeof libraries.characterEntities = absent;

function miss(): never {
  isMissed = true;
  throw new Error('a library has not been loaded');
}

/** Returns whether a library has been used that was not there, since this was asked last. */
export function wasLibraryMissed(): boolean {
  const was = isMissed;
  isMissed = false;
  return was;
}

/** Loads the libraries, unless they are there. Throws an Error if they cannot be loaded. */
export async function loadLibraries(): Promise<void> {
  ({ RE2JS, characterEntities } = await import('./libraries.ts'));
}
