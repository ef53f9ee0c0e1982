import { compileOnce } from '../language/programs.ts';
import { integerId } from '../model/execution-id.ts';
import type { Parameters, RunInput } from '../model/run-input.ts';
import type { ReplayMeter } from '../model/work.ts';
import { mustAwaitSlot } from './concurrency-key.ts';
import type { Observer } from './derive.ts';
import type { RunDigest } from './digest.ts';
import type { RunEvent } from './events.ts';
import { emptyQueue } from './signals.ts';
import type { HistoryLength, RunState, Simulated } from './state.ts';
import { Variables } from './variables.ts';
import { SECRETS } from './versions.ts';
import { createWork } from './work.ts';

/** Options for beginning a run. */
export interface BeginOptions {
  /** Events that arrived before the first activation. */
  events?: readonly RunEvent[];
  /** Tasks whose results come from outside although the interpreter could run them itself. */
  mocked?: ReadonlySet<string>;
  simulated?: Simulated | undefined;
  history?: HistoryLength;
  /** Whether the run waits for its concurrency key; true by default. */
  waits?: boolean;
  /** Temporal's id of the first run of its chain. */
  chain?: string | undefined;
  /** Returns the hash of everything that the run was started with, before Temporal gave it a number (see signatures.ts). */
  content?: (() => string) | undefined;
  /** A meter charged for all work, including later steps, which throw ReplayExceeded when it is spent. */
  replay?: ReplayMeter | undefined;
  /** Observes the values that are computed. */
  observer?: Observer | undefined;
}

/** For callers that do not track the length of the history. */
export const NO_HISTORY: HistoryLength = { length: 0, suggested: false };

/** Creates the state of a run before its first task. Throws a TypeError when the definition has issues. */
export function createInitialState(
  run: RunInput,
  input: Parameters,
  now: number,
  options: BeginOptions,
  digest: RunDigest | null,
): RunState {
  const program = compileOnce(run.definition, run.interpreter >= SECRETS);
  const [issue] = program.issues;
  if (issue !== undefined) throw new TypeError(`the definition is invalid: ${issue.path} ${issue.message}`);
  return {
    version: run.interpreter,
    program,
    actions: run.actions,
    input,
    outSchema: run.out_schema,
    mocked: options.mocked ?? new Set(),
    simulated: options.simulated,
    observer: options.observer,
    info: {
      id: integerId(run.n),
      ref: run.ref,
      version: run.version,
      seed: run.seed ?? String(run.n),
      timeout: timeoutOf(run),
    },
    run,
    digest,
    chain: options.chain ?? '',
    content: options.content,
    trust: run.trust ?? null,
    statements: { accepted: 0, refused: 0, refusals: [] },
    newestControl: 0,
    forged: 0,
    variables: new Variables(),
    ended: new Variables(),
    signals: emptyQueue(),
    inquiries: new Map(),
    decisions: [],
    turn: (options.waits ?? true) && mustAwaitSlot(run) ? now : null,
    paused: null,
    controls: [],
    started: now,
    history: options.history ?? NO_HISTORY,
    drain: null,
    drainFrom: 0,
    asked: 0,
    visits: [],
    visitsOf: new Map(),
    pending: new Map(),
    inFlight: 0,
    starting: [],
    gatherings: new Map(),
    roundsOf: new Map(),
    leaves: new Map(),
    commands: [],
    sequence: 0,
    step: 0,
    endings: 0,
    starts: 0,
    published: 0,
    drawn: 0,
    now,
    stopping: null,
    cleaning: false,
    failure: null,
    lost: false,
    also: [],
    outcome: null,
    output: null,
    work: createWork(run.limits, run.carried?.middle?.span, options.replay),
    backlog: [],
  };
}

/** Returns the seconds for the whole run: the lesser of the limits of the definition and of the start; null without either. */
function timeoutOf({ definition, timeout }: RunInput): number | null {
  const least = Math.min(definition.timeout ?? Number.POSITIVE_INFINITY, timeout ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(least) ? least : null;
}
