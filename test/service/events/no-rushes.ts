import type { Rushes } from '../../../service/events/restraints/rushes.ts';

/** Rushes of a process in which there never is one. */
export const NO_RUSHES: Rushes = {
  during: (_, work) => work(),
  allow: () => () => Number.POSITIVE_INFINITY,
};
