import type { ReadValue } from '../language/templates/reads.ts';
import type { Transition } from '../language/transitions.ts';
import { jsonSize } from '../model/json.ts';
import { MAX_PAYLOAD_BYTES } from '../model/run-input.ts';

/** The purpose of a computed value; the input of a sub-workflow, and the list that its items are, have the ref of the workflow. */
export type Site =
  | 'answer'
  | 'binding'
  | 'concurrency_key'
  | 'condition'
  | 'decision'
  | 'delegation'
  | 'digest'
  | 'inquiry'
  | 'kept_decision'
  | 'schema'
  | 'size'
  | 'start'
  | 'statement'
  | 'template'
  | 'time'
  | `${'input' | 'items'}:${string}`;

/** The number of random draws of a run, which computing a value may increase. */
export interface Draws {
  drawn: number;
}

/** Why a transition fired or not: what its task ended as, its condition, the limit of the word `retry`, or an error of the condition. */
export type TransitionReason = 'fired' | 'other_outcome' | 'false' | 'retry_limit' | 'error';

/** A transition of a visit that has ended, as the run has decided about it. */
export interface DecidedTransition {
  /** The key of the visit. */
  from: string;
  /** The place of the transition among those of its task, from 0. */
  index: number;
  transition: Transition;
  reason: TransitionReason;
  /** The message of its condition's error; null unless that is the reason. */
  error: string | null;
  /** The values of the paths that its condition names, also of those that it did not come to; none where it was not evaluated. */
  read: ReadValue[];
}

/** Observes every value that a run computes from its data; a worker has none. */
export interface Observer {
  /**
   * Returns the value of a site, which is that of `compute` unless the observer knows another one; throws what `compute` throws. `draws` is
   * null before the run has a state.
   */
  derive<T>(draws: Draws | null, site: Site, compute: () => T): T;
  /** Called with each transition of a visit that ends, up to one whose condition has an error. */
  onTransition?(decided: DecidedTransition): void;
}

/**
 * Returns what `compute` does. Every value that depends on the data of a run comes through here, so that a run can be replayed over data
 * of which a part is hidden.
 */
export function derive<T>(state: Draws & { readonly observer: Observer | undefined }, site: Site, compute: () => T): T {
  return state.observer === undefined ? compute() : state.observer.derive(state, site, compute);
}

/** Returns the bytes of a value as JSON if they are more than a payload may have, else null. */
export function excessOf(value: unknown): number | null {
  const bytes = jsonSize(value);
  return bytes > MAX_PAYLOAD_BYTES ? bytes : null;
}
