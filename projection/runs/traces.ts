import type { DecidedTransition, Observer } from '../../interpreter/derive.ts';
import type { EvaluatedObserver } from '../../interpreter/evaluations.ts';
import type { TransitionTrace } from '../../model/transition-trace.ts';
import type { HistoryEvent } from '../history.ts';

const WORDS = ['noop', 'fail', 'retry'] as const;

/** Describes a decision of a run about a transition. */
export function traceTransition({ transition, ...decided }: DecidedTransition): TransitionTrace {
  const { on, when, targets } = transition;
  const { reason } = decided;
  const evaluated = when !== null && (reason === 'fired' || reason === 'false');
  return {
    ...decided,
    fired: reason === 'fired',
    on,
    when: when?.kind === 'template' ? when.text : null,
    to: [...targets, ...WORDS.filter((word) => transition[word])],
    value: evaluated ? reason === 'fired' : null,
  };
}

/** A run that is followed, or a projection of one. */
interface Traceable<T> {
  take(event: HistoryEvent): void;
  copy(observer: Observer): T;
}

/** A run with the transitions that it has decided upon in its latest workflow task. */
export interface TracedRun<T> {
  readonly run: T;
  /** Takes the next event of the history. */
  take(event: HistoryEvent): void;
  /** Returns the transitions that the run has decided upon since the latest event that is no command. */
  transitions(): TransitionTrace[];
  /** Returns one that stands where this one does and continues independently (Replay.copy). */
  copy(): TracedRun<T>;
}

/** Traces a run, which is created with its observer; `evaluated` observes a run over a masked history. */
export function traceRun<T extends Traceable<T>>(
  create: (observer: Observer) => T,
  evaluated?: EvaluatedObserver,
): TracedRun<T> {
  return trace(create, evaluated, []);
}

function trace<T extends Traceable<T>>(
  create: (observer: Observer) => T,
  evaluated: EvaluatedObserver | undefined,
  before: readonly DecidedTransition[],
): TracedRun<T> {
  let decided = [...before];
  const run = create({
    derive: (draws, site, compute) => (evaluated === undefined ? compute() : evaluated.derive(draws, site, compute)),
    onTransition: (each) => {
      decided.push(each);
    },
  });
  return {
    run,
    take(event) {
      if (!isCommand(event)) decided = [];
      run.take(event);
    },
    transitions: () => decided.map(traceTransition),
    copy: () => trace((observer) => run.copy(observer), evaluated?.copy(), decided),
  };
}

/** Returns whether an event records a command, which belongs to the events of the workflow task before it. */
export function isCommand(event: HistoryEvent): boolean {
  return Object.values(event).some(
    (attributes: unknown) =>
      typeof attributes === 'object' &&
      attributes !== null &&
      'workflowTaskCompletedEventId' in attributes &&
      Number(attributes.workflowTaskCompletedEventId) > 0,
  );
}
