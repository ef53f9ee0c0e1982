import { TemplateError, type TemplateErrorKind } from '../expression/errors.ts';
import { RenderError } from '../language/templates/value.ts';
import { canonicalJson, isJsonObject, type Json } from '../model/json.ts';
import type { Mask } from '../model/mask.ts';
import type { Draws, Observer, Site } from './derive.ts';

// A run is replayed over its history. Where data in that is hidden, values that depend on the data come out differently: those are sent
// with the history, as evaluations.

/** The end of a computation: a value, absent for undefined, or the error of a template. */
export type Computed =
  | { value?: Json }
  | { error: { message: string; kind: TemplateErrorKind; field: string; line: number; column: number } };

/** The number of a computation from the start of the chain, from 1; the random draws that it took; and its end. */
export type Evaluation = [number: number, drawn: number, outcome: Computed];

/** Two runs of the interpreter over one history, of which the second one sees masked data. */
export interface SideBySide {
  /** Observes the run over the history as it is, which takes each event first. */
  readonly original: Observer;
  /** Observes the run over the masked history, which takes the values that it could not compute from the first one. */
  readonly masked: Observer;
  /** The values that were taken. */
  readonly evaluations: readonly Evaluation[];
  /** The number of computations of the masked run. */
  readonly computed: number;
  /** Returns whether both runs have computed the same number of values; call it after an event. */
  isInStep(): boolean;
}

/** Hides data of one run. */
export interface RunMask extends Mask {
  /** Hides what is hidden at known places in a value that the run has computed: in inputs of sub-workflows. */
  hideInComputed(site: Site, value: Json): Json;
}

/** Creates the observers of two runs. The masked run throws a TypeError where it computes something that the other one did not. */
export function createSideBySide(mask: RunMask): SideBySide {
  const evaluations: Evaluation[] = [];
  let known: { site: Site; drawn: number; outcome: Computed }[] = [];
  let at = 0;
  let computed = 0;

  return {
    evaluations,
    get computed() {
      return computed;
    },
    isInStep() {
      const isEven = at === known.length;
      known = [];
      at = 0;
      return isEven;
    },
    original: {
      derive(draws, site, compute) {
        const made = capture(draws, compute);
        known.push({ site, drawn: made.drawn, outcome: maskOutcome(site, made.outcome, mask) });
        return made.finish();
      },
    },
    masked: {
      derive<T>(draws: Draws | null, site: Site, compute: () => T): T {
        const made = capture(draws, compute);
        const expected = known[at];
        if (expected?.site !== site) throw new TypeError(`the masked run computes another value (${site})`);
        at += 1;
        computed += 1;
        const { drawn, outcome } = expected;
        if (made.drawn === drawn && isSame(made.outcome, outcome)) return made.finish();
        evaluations.push([computed, drawn, outcome]);
        return settle(draws, made.drawn, drawn, outcome);
      },
    },
  };
}

/** The observer of a run over a masked history, which takes the values that cannot be computed from it. */
export interface EvaluatedObserver extends Observer {
  /** Returns an observer for a copy of the run, which continues with the next computation. */
  copy(): EvaluatedObserver;
}

/**
 * Creates the observer of a run over a masked history that takes the values of its evaluations. A value is computed in any case, so that
 * the work of the run is the same everywhere. `before` is the number of computations of earlier runs of the chain, where those are not
 * replayed.
 */
export function createEvaluated(evaluations: readonly Evaluation[], before = 0): EvaluatedObserver {
  return evaluateFrom(new Map(evaluations.map(([number, drawn, outcome]) => [number, { drawn, outcome }])), before);
}

function evaluateFrom(
  known: ReadonlyMap<number, { drawn: number; outcome: Computed }>,
  before: number,
): EvaluatedObserver {
  let computed = before;
  return {
    derive<T>(draws: Draws | null, _: Site, compute: () => T): T {
      computed += 1;
      const made = capture(draws, compute);
      const found = known.get(computed);
      return found === undefined ? made.finish() : settle(draws, made.drawn, found.drawn, found.outcome);
    },
    copy: () => evaluateFrom(known, computed),
  };
}

interface Captured<T> {
  drawn: number;
  outcome: Computed;
  /** Returns the value, or throws the error. */
  finish(): T;
}

function capture<T>(draws: Draws | null, compute: () => T): Captured<T> {
  const before = draws?.drawn ?? 0;
  const drawn = () => (draws?.drawn ?? 0) - before;
  try {
    const value = compute();
    return { drawn: drawn(), outcome: { value: value as Json }, finish: () => value };
  } catch (error) {
    if (!(error instanceof RenderError)) throw error;
    const { message, kind, field, line, column } = error;
    const finish = () => {
      throw error;
    };
    return { drawn: drawn(), outcome: { error: { message, kind, field, line, column } }, finish };
  }
}

/** Returns the value of an outcome, or throws its error, as if so many random numbers had been drawn. */
function settle<T>(draws: Draws | null, drew: number, drawn: number, outcome: Computed): T {
  if (draws !== null) draws.drawn += drawn - drew;
  // The run may change its value, and the other run, or whoever has the evaluations, must not notice.
  if (!('error' in outcome)) return (outcome.value === undefined ? undefined : copyOf(outcome.value)) as T;
  const { message, kind, field, line, column } = outcome.error;
  throw new RenderError(field, new TemplateError(kind, message, { line, column }));
}

function maskOutcome(site: Site, outcome: Computed, mask: RunMask): Computed {
  if (!('error' in outcome)) return outcome.value === undefined ? {} : { value: maskValue(site, outcome.value, mask) };
  return { error: { ...outcome.error, message: mask.hideInMessage(outcome.error.message) } };
}

/** The sites whose values say what a run does, in its own words, and nothing of its data. */
const WORDS: ReadonlySet<Site> = new Set([
  'condition',
  'digest',
  'kept_decision',
  'size',
  'start',
  'statement',
  'time',
]);

/** The fields of verdicts and bindings that are not such words. */
const DATA_OF: Partial<Record<Site, readonly string[]>> = {
  binding: ['plan'],
  decision: ['message', 'issues'],
  delegation: ['message', 'issues'],
};

function maskValue(site: Site, computed: Json, mask: RunMask): Json {
  if (WORDS.has(site)) return computed;
  const value = mask.hideInComputed(site, computed);
  const data = DATA_OF[site];
  if (data === undefined || !isJsonObject(value)) return mask.hide(value);
  const fields = Object.entries(value).map(([name, field]): [string, Json] => {
    return [name, data.includes(name) ? mask.hide(field) : field];
  });
  return Object.fromEntries(fields);
}

function isSame(a: Computed, b: Computed): boolean {
  if (JSON.stringify(a) === JSON.stringify(b)) return true;
  return canonicalJson(copyOf(a as Json)) === canonicalJson(copyOf(b as Json));
}

/** Returns a copy, without the fields that are undefined. */
function copyOf(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
