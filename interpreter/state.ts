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
import type { RunDigest } from './digest.ts';
import type { Command, RunEvent } from './events.ts';
import type { Variables } from './variables.ts';

/**
 * How a visit stands, in the words of the template language; `held`: scheduled, and not started (yet, or for good since
 * the run failed); `delayed`: its timer runs first.
 */
export type VisitStatus = 'held' | 'delayed' | 'running' | 'succeeded' | 'failed' | 'timed_out' | 'cancelled';

/** What is tried until it ends: a visit, or one item of it. */
export interface Work {
  /** `name`, or `name#2` from the second visit on; with items `name[0]`, `name#2[0]`. */
  key: string;
  status: VisitStatus;
  /** Tries that the interpreter itself has made, from 1; from the second on they have the key `name~2`. */
  tries: number;
  /** Of these tries, how many were made because a worker was lost, and because one was busy. */
  reissues: number;
  postponed: number;
  /** When a worker has first handed this try back, in milliseconds; from interpreter 10 on. */
  postponedSince?: number | undefined;
  /**
   * Attempts that have begun, from interpreter 10 on: absent before the first; null where nobody has told how many Temporal's retry
   * policy has made.
   */
  attempts?: number | null;
  /** The attempts of what runs inside the workflow, as far as this run of the chain has made them; times in milliseconds. */
  made?: { started: number; ended: number | null; failure: Failure | null }[];
  input: Json;
  /** Where its input has secrets. */
  secrets?: SecretTexts;
  output: Json;
  failure: Failure | null;
  /** The engine's own loss, not the action's failure. */
  lost: boolean;
  /** Who has relieved it of what it waited for; null: nobody. */
  skipped: string | null;
  /** The skip that ends it once its activity has ended without success: until then an attempt may be under way. */
  skipping?: { id: string; by: string; output: Json } | undefined;
  /** Times of the activation, in milliseconds. */
  started: number | null;
  ended: number | null;
}

/** What an action that runs inside the workflow gives: an output or a failure. */
export type InlineResult = { output: Json } | { failure: Failure };

/** How work ends: with an output, or with a failure; `lost`: the engine's own loss; `partial`: the output as far as there is one. */
export type WorkEnding = { output: Json } | { failure: Failure; lost?: boolean; partial?: Json };

/** What a simulation tells of tries, which are known by their keys. */
export interface Simulated {
  /** Returns how a try ends that runs at once; null: as its action ends. */
  endOf(key: string): InlineResult | null;
  /** Returns what is wrong with the input of a try in a run; what it may still get there is noted. */
  faultsOf(key: string, action: string, input: Json, issues: readonly SchemaIssue[]): readonly SchemaIssue[];
}

/** Where work stands: a visit by its index, and one of its items. */
export interface Place {
  visit: number;
  item: number | null;
}

/** The items of a visit; they begin in order. */
export interface Items {
  /** What is before `first` is there only where it is still needed. */
  list: readonly Json[];
  first: number;
  /** How many may run at once. */
  concurrency: number;
  /** Those that have begun, by index; sparse: an earlier run of the chain does not hand on what it has done. */
  work: Work[];
  /** What these have given, by index; `forgotten`: nothing reads it, so that it was not handed on. */
  outputs: Json[];
  forgotten: boolean;
  /** Of these, the ones that are to be run again, before others begin. */
  again: number[];
  running: number;
  /** Indexes of those that have failed, in the order in which they did. */
  failed: number[];
  /** More of them are about to start. */
  queued: boolean;
}

/** One visit to a task. Visits are known by their index in the order of scheduling. */
export interface Visit extends Work {
  name: string;
  visit: number;
  /** The visits whose transitions led here; none for an entry. */
  from: readonly number[];
  /**
   * What its arrivals at joins belong to: the visit that began it (its index), or one of the two below. Branches of one
   * lineage are joined.
   */
  lineage: number;
  /** The visit whose failure led here. */
  error: number | null;
  /** Part of a cleanup branch: it may start things although the run's failure is decided. */
  cleanup: boolean;
  /** Cleans up after a cancel request or the run's timeout, which do not touch it. */
  shielded: boolean;
  /** The variables that its branch had when it was scheduled; with its own publishes once it has ended. */
  variables: Variables;
  /** Those that it had when it was scheduled. */
  began: Variables;
  /** The visit that has led to it and to what starts with it, by index; -1: the start of the run; null: nothing starts with it. */
  batch: number | null;
  /** It starts although the run has just failed: something that it was scheduled with has started before. */
  together: boolean;
  /** Its failure was taken by a transition. */
  handled: boolean;
  /** It was done by an earlier run, from whose state this one goes on. */
  carried: boolean;
  /** Where it is a join: which gathering it was, and what had arrived. */
  gathered: { key: string; arrivals: Map<string, { visit: number; variables: Variables }> } | null;
  /** How often in a row the word `retry` has led here. */
  retried: number;
  /** Seconds that it waits before its own delay. */
  wait: number;
  /** Position in the order of starts. */
  startedAt: number | null;
  /** What it runs once for each item of; null: it runs once, or has not begun. */
  items: Items | null;
  /** Time of the activation, in milliseconds. */
  created: number;
  /** Position in the order in which visits ended. */
  endedAt: number | null;
}

/** The lineage of the run itself, and that of what cleans up after a stop. */
export const RUN_LINEAGE = -1;
export const CLEANUP_LINEAGE = -2;

/** What has arrived at a join: in one lineage and round. */
export interface Gathering {
  name: string;
  lineage: number;
  round: number;
  /** By task that leads here. */
  arrivals: Map<string, { visit: number; variables: Variables }>;
  /** It has had all that it waited for. */
  fired: boolean;
}

/**
 * What a run waits for: an activity; a sub-workflow; a timer before a task (`delay`), before its next try (`retry`), or as the task
 * (`wait`); a signal or a decision of people, perhaps with a timer; the grace of a cancel request; the timeout of the run;
 * the time for which new work is held back before the run goes on as another (`drain`); the turn of other runs between two
 * slices of much work (`slice`).
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

/**
 * Something that the shell has been told to do and has not answered yet, or a signal. Its `visit` is -1 for what is no
 * work of a task.
 */
export interface Pending extends Place {
  kind: PendingKind;
  /** When its timer fires, in milliseconds; null without one. */
  due: number | null;
  /** The name of the signal. */
  signal?: string;
  /** Its timer has fired in the activation that is being taken, so that there is nothing to cancel. */
  fired?: true;
  /** Position among all commands: what orders the events of one activation. */
  sequence: number;
  /** The step that issued it. */
  step: number;
}

/** Signals that nobody waited for yet, by name, in order. */
export interface SignalQueue {
  messages: Map<string, Json[]>;
  /** Keys of the visits that wait, by name, the longest waiting first; some may wait no more. */
  waiters: Map<string, string[]>;
  count: number;
  bytes: number;
  /** Messages that were beyond the limit. */
  dropped: number;
}

/** Something that people were asked, by the key of the try that asks; times in milliseconds. */
export interface AskedInquiry extends Omit<CarriedInquiry, 'visit' | 'item'> {
  place: Place;
}

/** Facts about a run that templates may read. */
export interface RunFacts {
  /** What chance starts from. */
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
  /** Units in this run from which on it is tried to go on as another one. */
  heldAt: number;
  /** What the templates of the current visit have done, which the sums do not hold yet; undefined in interpreters below 8. */
  meter: WorkMeter | undefined;
  /** What is charged for all work where somebody replays the run; undefined in a worker. */
  readonly replay: ReplayMeter | undefined;
  /** This activation has left something to the next slice. */
  left: boolean;
  /** Slices that this run of the chain has ended. */
  slices: number;
  /** The run has failed for its work: nothing of it starts any more, nor does anything follow from what ends. */
  exhausted: boolean;
}

/** Temporal's history at a workflow task: its length in events, and whether it suggests to continue as new. */
export interface HistoryLength {
  length: number;
  suggested: boolean;
}

/** The state of a run: everything that is not read-only changes, in place. */
export interface RunState {
  /** The version of the interpreter that the run was started with: what behaves differently asks for it. */
  readonly version: number;
  readonly program: Program;
  readonly actions: Readonly<Record<string, ActionSpec>>;
  readonly info: RunFacts;
  /** The second argument of the workflow: what sub-workflows are made from. */
  readonly run: RunInput;
  /** What the digests of its questions have in common; null where nobody is asked, and below interpreter 9. */
  readonly digest: RunDigest | null;
  /** The keys whose signatures count now; null for a run that asks for none. */
  trust: Trust | null;
  /** Temporal's id of the first run of the chain. */
  readonly chain: string;
  /** Returns the hash of everything that the run was started with; undefined where nobody knows. */
  readonly content: (() => string) | undefined;
  /** What has become of signed statements, and when the newest control was made, in milliseconds. */
  readonly statements: StatementCounts;
  newestControl: number;
  /** Statements with a false signature that this run of the chain has verified. */
  forged: number;
  /** When the first run of the chain has started, in milliseconds. */
  started: number;
  readonly input: Parameters;
  readonly outSchema: JsonObject | undefined;
  /** Tasks whose ends are told from outside although the engine could run them itself (simulation). */
  readonly mocked: ReadonlySet<string>;
  /** What a simulation does otherwise; undefined in a run. */
  readonly simulated: Simulated | undefined;
  /** What `variables` gave: where every branch begins. */
  variables: Variables;
  /** For each name the latest publish of the branches that have ended. */
  ended: Variables;
  signals: SignalQueue;
  /** What people were asked, by the key of the try, and every decision that came, in order. */
  inquiries: Map<string, AskedInquiry>;
  decisions: DecisionRecord[];
  /** Since when nothing new starts, in milliseconds, and by whom; null while everything may. */
  paused: { since: number; by: string; reason: string | null } | null;
  controls: ControlRecord[];
  /** Since when it waits for its turn among runs with its concurrency key, in milliseconds; null: it does not. */
  turn: number | null;
  /** How long Temporal's history is, and whether Temporal suggests to go on in another run. */
  history: HistoryLength;
  /**
   * While nothing new starts, since the run is to go on as another one; `hard`: for as long as it takes. `holdFrom` is the
   * length of history from which on that is tried.
   */
  hold: 'soft' | 'hard' | null;
  holdFrom: number;
  /** How often inquiries have changed that an earlier run of the chain did not hand on. */
  asked: number;
  /** By index; sparse: an earlier run of the chain does not hand on what nothing needs any more. */
  visits: Visit[];
  /** Indexes of the visits of each task. */
  visitsOf: Map<string, number[]>;
  pending: Map<string, Pending>;
  /** How many activities and sub-workflows are pending, the end of a slice among them. */
  inFlight: number;
  /** What is about to start, in order. */
  starting: Place[];
  /** What has arrived at joins, by join, lineage and round. */
  gatherings: Map<string, Gathering>;
  /** How often each task has arrived at a join with rounds, by join, lineage and task. */
  roundsOf: Map<string, number>;
  /** Visits at which a branch ended, the latest of each task. */
  leaves: Map<string, number>;
  commands: Command[];
  work: RunWork;
  /** Events that have come and are taken in the next slice, in order. */
  backlog: RunEvent[];
  sequence: number;
  step: number;
  endings: number;
  starts: number;
  /** The number of the last publish, and how often chance was asked. */
  published: number;
  drawn: number;
  /** Time of the current activation, in milliseconds. */
  now: number;
  /** Why everything stops before its end; null while it does not. */
  stopping: 'cancelled' | 'timeout' | null;
  /** The cleanup after that has begun. */
  cleaning: boolean;
  /** The failure that decided the run, and whether it was the engine's own. */
  failure: Failure | null;
  lost: boolean;
  also: Failure[];
  outcome: Outcome | null;
  /** What `output` gave, or the result without it; null until the run has closed. */
  output: Json;
}
