import type { Program } from '../language/program.ts';
import type { CarriedInquiry } from '../model/carried-state.ts';
import type { ControlRecord } from '../model/control.ts';
import type { Failure, Outcome } from '../model/failure.ts';
import type { DecisionRecord } from '../model/inquiry.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { ActionSpec, Parameters, RunInput } from '../model/run-input.ts';
import type { SchemaIssue } from '../model/schema/walk.ts';
import type { SecretTexts } from '../model/secret-texts.ts';
import type { StatementCounts, Trust } from '../model/statement.ts';
import type { ReplayMeter, WorkLimits, WorkMeter } from '../model/work.ts';
import type { Observer } from './derive.ts';
import type { RunDigest } from './digest.ts';
import type { Command, RunEvent } from './events.ts';
import type { Variables } from './variables.ts';

/**
 * The status of a visit, in the words of the template language. `held`: scheduled but not started, either not yet or, once the run has
 * failed, never. `delayed`: waiting for its delay.
 */
export type VisitStatus = 'held' | 'delayed' | 'running' | 'succeeded' | 'failed' | 'timed_out' | 'cancelled';

/** A unit of work with attempts: a visit, or one item of a visit. */
export interface Work {
  /** The key of the task execution; model/task-key.ts has its grammar. */
  key: string;
  status: VisitStatus;
  /** The number of the current try, from 1: tries are the attempts that the interpreter makes, not Temporal's retry policy. */
  tries: number;
  /** How many of the tries followed a lost worker, and how many a busy one. */
  reissues: number;
  postponed: number;
  /** When a worker first handed this try back, in milliseconds; since interpreter 10. */
  postponedSince?: number | undefined;
  /**
   * The number of attempts that have begun, since interpreter 10: absent before the first; null where the number that Temporal's retry
   * policy made is unknown.
   */
  attempts?: number | null | undefined;
  /** The attempts of an inline action that this run of the chain made; times in milliseconds. */
  made?: { started: number; ended: number | null; failure: Failure | null }[] | undefined;
  input: Json;
  /** The places of secrets in the input. */
  secrets?: SecretTexts;
  output: Json;
  failure: Failure | null;
  /** Whether the engine lost the work, rather than the action failing. */
  lost: boolean;
  /** The subject who skipped its wait; null: nobody. */
  skipped: string | null;
  /** The skip that takes effect once its activity has ended without success; until then an attempt may be running. */
  skipping?: { id: string; by: string; output: Json } | undefined;
  /** Times of the activation, in milliseconds. */
  started: number | null;
  ended: number | null;
}

/** The result of an inline action. */
export type InlineResult = { output: Json } | { failure: Failure };

/** How work ends: with an output, or with a failure; `lost`: the engine's own loss; `partial`: the output as far as there is one. */
export type WorkEnding = { output: Json } | { failure: Failure; lost?: boolean; partial?: Json };

/** The decisions of a simulation about tries, by their keys. */
export interface Simulated {
  /** Returns the result of an inline try; null: that of its action. */
  endOf(key: string): InlineResult | null;
  /** Returns the issues that the input of a try would have in a run, and records values that a connection may still supply. */
  faultsOf(key: string, action: string, input: Json, issues: readonly SchemaIssue[]): readonly SchemaIssue[];
}

/** The place of work in the state: a visit by its index, and the index of an item; null for the visit itself. */
export interface Place {
  visit: number;
  item: number | null;
}

/** The items of a visit. They start in order. */
export interface Items {
  /** Entries before `first` are present only where they are still needed. */
  list: readonly Json[];
  first: number;
  /** The number of items that may run at once. */
  concurrency: number;
  /** The items that have started, by index; sparse, since a continued run does not get those that are done. */
  work: Work[];
  /** Their outputs, by index; `forgotten`: nothing reads them, so they were not carried. */
  outputs: Json[];
  forgotten: boolean;
  /** Started items that must run again, before others start. */
  again: number[];
  running: number;
  /** Indexes of the failed items, in the order of their failures. */
  failed: number[];
  /** Whether the visit is in the queue because more items are about to start. */
  queued: boolean;
}

/** A visit to a task. Visits are known by their index, in the order of scheduling. */
export interface Visit extends Work {
  name: string;
  visit: number;
  /** The visits whose transitions led here; empty for a first task. */
  from: readonly number[];
  /**
   * The lineage that its arrivals at joins belong to: the index of the visit that opened it, or one of the two constants below. A join
   * joins branches of one lineage.
   */
  lineage: number;
  /** The visit whose failure led here. */
  error: number | null;
  /** Whether it is part of a cleanup branch, which may start work although the run has failed. */
  cleanup: boolean;
  /** Whether it is cleanup after a cancel request or the run's timeout, which do not cancel it. */
  shielded: boolean;
  /** The variables of its branch, including its publishes once it has ended. */
  variables: Variables;
  /** The variables of its branch when it was scheduled. */
  began: Variables;
  /** The index of the visit that led to it and to the visits that start with it; -1: the start of the run; null: it starts alone. */
  batch: number | null;
  /** Whether it starts although the run has just failed, because a visit of the same batch has started. */
  together: boolean;
  /** Whether a transition handled its failure. */
  handled: boolean;
  /** Whether an earlier run did it, whose state this run continues. */
  carried: boolean;
  /** For a join: the key of its gathering, and its arrivals. */
  gathered: { key: string; arrivals: Map<string, { visit: number; variables: Variables }> } | null;
  /** How many times in a row the word `retry` led here. */
  retried: number;
  /** Seconds to wait before the delay of its task. */
  wait: number;
  /** Position in the order of starts. */
  startedAt: number | null;
  /** Its items; null: it has none, or has not begun. */
  items: Items | null;
  /** Time of the activation, in milliseconds. */
  created: number;
  /** Position in the order in which visits ended. */
  endedAt: number | null;
}

/** The lineage of the run itself, and that of the cleanup after a stop. */
export const RUN_LINEAGE = -1;
export const CLEANUP_LINEAGE = -2;

/** The arrivals at a join in one lineage and round. */
export interface Gathering {
  name: string;
  lineage: number;
  round: number;
  /** By inbound task. */
  arrivals: Map<string, { visit: number; variables: Variables }>;
  /** Whether the join has fired. */
  fired: boolean;
}

/**
 * Something that a run waits for: an activity; a sub-workflow; a timer before a task (`delay`), before its next try (`retry`), or as the
 * task itself (`wait`); a signal or a decision, perhaps with a timer; the grace period of a cancel request; the timeout of the run; the
 * drain before the run continues as new; the pause between two slices that lets other runs work (`slice`).
 */
export type PendingKind =
  | 'activity'
  | 'child'
  | 'delay'
  | 'retry'
  | 'wait'
  | 'signal'
  | 'inquiry'
  | 'grace'
  | 'timeout'
  | 'drain'
  | 'slice';

/** A command that the shell has not answered yet, or an awaited signal. `visit` is -1 where no task waits. */
export interface Pending extends Place {
  kind: PendingKind;
  /** When its timer fires, in milliseconds; null without one. */
  due: number | null;
  /** The name of the signal. */
  signal?: string;
  /** Its timer fired in the current activation, so there is nothing to cancel. */
  fired?: true;
  /** Position among all commands, which orders the events of one activation. */
  sequence: number;
  /** The step that issued it. */
  step: number;
}

/** Signals that no task has taken yet, by name, in order. */
export interface SignalQueue {
  messages: Map<string, Json[]>;
  /** Keys of the waiting visits by signal name, longest wait first; some may have stopped waiting. */
  waiters: Map<string, string[]>;
  count: number;
  bytes: number;
  /** The number of messages dropped because of the limit. */
  dropped: number;
}

/** An inquiry, by the key of the try that asks it; times in milliseconds. */
export interface AskedInquiry extends Omit<CarriedInquiry, 'visit' | 'item'> {
  place: Place;
}

/** Facts about a run that templates may read. */
export interface RunFacts {
  /** The seed of random values. */
  seed: string;
  /** The integer id of the execution. */
  id: number;
  ref: string;
  version: string;
  /** Seconds for the whole run; null: no limit. */
  timeout: number | null;
}

/** The work of a run, in units (model/work.ts); `work.ts` counts it. */
export interface RunWork {
  readonly limits: WorkLimits;
  /** Units in this activation, and bytes that its commands hold. */
  slice: number;
  sliceBytes: number;
  /** Units in this run of the chain, and in the whole chain since the last event from outside. */
  run: number;
  span: number;
  /** Units in this run from which it tries to continue as new. */
  drainAt: number;
  /** The work of the current visit's templates, which the sums do not include yet; undefined in interpreters below 8. */
  meter: WorkMeter | undefined;
  /** The meter that is charged for all work of a replay; undefined in a worker. */
  readonly replay: ReplayMeter | undefined;
  /** This activation has left something to the next slice. */
  left: boolean;
  /** Slices that this run of the chain has ended. */
  slices: number;
  /** The run has failed because of its work: nothing starts any more, and nothing follows from work that ends. */
  exhausted: boolean;
}

/** Temporal's history at a workflow task: its length in events, and whether it suggests to continue as new. */
export interface HistoryLength {
  length: number;
  suggested: boolean;
}

/** The state of a run: everything that is not read-only changes, in place. */
export interface RunState {
  /** The interpreter version that the run was started with, which decides its behaviour (versions.ts). */
  readonly version: number;
  readonly program: Program;
  readonly actions: Readonly<Record<string, ActionSpec>>;
  readonly info: RunFacts;
  /** The second argument of the workflow; inputs of sub-workflows are built from it. */
  readonly run: RunInput;
  /** The parts that the digests of its inquiries share; null where nobody is asked, and below interpreter 9. */
  readonly digest: RunDigest | null;
  /** The keys whose signatures count now; null for a run that demands no signatures. */
  trust: Trust | null;
  /** Temporal's id of the first run of the chain. */
  readonly chain: string;
  /** Returns the hash of everything that the run was started with; undefined where it is unknown. */
  readonly content: (() => string) | undefined;
  /** Counts of signed statements, and when the newest control was made, in milliseconds. */
  readonly statements: StatementCounts;
  newestControl: number;
  /** Statements with a false signature that this run of the chain has verified. */
  forged: number;
  /** When the first run of the chain started, in milliseconds. */
  started: number;
  readonly input: Parameters;
  readonly outSchema: JsonObject | undefined;
  /** Tasks whose outcomes come from outside although the interpreter could run them itself (simulation). */
  readonly mocked: ReadonlySet<string>;
  /** The decisions of a simulation; undefined in a run. */
  readonly simulated: Simulated | undefined;
  /** Observes the values that are computed (derive.ts); undefined in a worker. */
  readonly observer: Observer | undefined;
  /** The rendered `variables`, with which every branch begins. */
  variables: Variables;
  /** For each name, the latest publish of the branches that have ended. */
  ended: Variables;
  signals: SignalQueue;
  /** The inquiries, by the key of the try, each with every decision that came, in order. */
  inquiries: Map<string, AskedInquiry>;
  decisions: DecisionRecord[];
  /** Since when the run is paused, in milliseconds, and by whom; null: it is not. */
  paused: { since: number; by: string; reason: string | null } | null;
  controls: ControlRecord[];
  /** Since when the run waits for its concurrency key, in milliseconds; null: it does not. */
  turn: number | null;
  /** The length of Temporal's history, and whether Temporal suggests to continue as new. */
  history: HistoryLength;
  /**
   * The drain before the run continues as new, in which nothing new starts; `hard`: it lasts for as long as it takes. `drainFrom` is the
   * length of history from which a drain is tried.
   */
  drain: 'soft' | 'hard' | null;
  drainFrom: number;
  /** How often inquiries changed that an earlier run of the chain did not pass on. */
  asked: number;
  /** By index; sparse: an earlier run of the chain does not pass on visits that nothing needs any more. */
  visits: Visit[];
  /** Indexes of the visits of each task. */
  visitsOf: Map<string, number[]>;
  pending: Map<string, Pending>;
  /** The number of pending activities and sub-workflows, including the end of a slice. */
  inFlight: number;
  /** Work that is about to start, in order. */
  starting: Place[];
  /** The arrivals at joins, by join, lineage and round. */
  gatherings: Map<string, Gathering>;
  /** How often each task has arrived at a join with rounds, by join, lineage and task. */
  roundsOf: Map<string, number>;
  /** Visits at which a branch ended, the latest of each task. */
  leaves: Map<string, number>;
  commands: Command[];
  work: RunWork;
  /** Events that are taken in the next slice, in order. */
  backlog: RunEvent[];
  sequence: number;
  step: number;
  endings: number;
  starts: number;
  /** The number of the last publish, and the number of random draws. */
  published: number;
  drawn: number;
  /** Time of the current activation, in milliseconds. */
  now: number;
  /** Why the run stops before its end; null: it does not. */
  stopping: 'cancelled' | 'timeout' | null;
  /** Whether the cleanup after a stop has begun. */
  cleaning: boolean;
  /** The failure that decided the run, and whether it was the engine's own. */
  failure: Failure | null;
  lost: boolean;
  also: Failure[];
  outcome: Outcome | null;
  /** The result: the rendered `output`, or the one without it; null until the run has closed. */
  output: Json;
}
