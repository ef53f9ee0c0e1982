import type { ControlRecord } from './control.ts';
import type { DelegationRecord } from './delegation.ts';
import type { Failure } from './failure.ts';
import type { DecisionRecord, InquiryRequest, PlannedTask, Vote } from './inquiry.ts';
import type { Json } from './json.ts';
import type { SecretTexts } from './secret-texts.ts';
import type { StatementCounts } from './statement.ts';

// What a run is started with that goes on where another one stood: JSON, part of its input.

/** Work that was done, is under way, or is to be done again. */
export interface CarriedWork {
  status: 'held' | 'delayed' | 'running' | 'succeeded' | 'failed' | 'timed_out' | 'cancelled';
  tries: number;
  reissues: number;
  postponed?: number;
  postponedSince?: number;
  attempts?: number | null;
  input: Json;
  secrets?: SecretTexts;
  output: Json;
  failure: Failure | null;
  lost: boolean;
  skipped?: string | null;
  started: number | null;
  ended: number | null;
}

/** What has arrived at a join: the task, its visit, and the scope that it brought. */
export type CarriedArrival = [task: string, visit: number, scope: number];

/** The items of a visit. */
export interface CarriedItems {
  /** The values from item `first` (0) on. */
  list: Json[];
  first?: number;
  /** Values of earlier items that are still needed. */
  values?: [item: number, value: Json][];
  concurrency: number;
  /** What had begun: all of it from item 0 on, or where `places` says; of others nothing is left but their outputs. */
  work: CarriedWork[];
  places?: number[];
  /** How many had begun; the length of `work` unless it is given. */
  begun?: number;
  /** Outputs of those that have succeeded and are not in `work`; absent where nothing needs them. */
  outputs?: Json[];
  /** Whether some outputs were not kept, since nothing reads them. */
  forgotten?: true;
  /** Which of these are to be run again, and which have failed, in that order. */
  again: number[];
  failed?: number[];
}

/** A visit; `scope` is one of the state's scopes. */
export interface CarriedVisit extends CarriedWork {
  /** What it is known by; its place in the list unless it is given. */
  index?: number;
  name: string;
  visit: number;
  from: number[];
  lineage: number;
  error: number | null;
  scope: number;
  /** The scope that it began with, where that is another one. */
  began?: number;
  cleanup?: true;
  /** Where others wait to start with it: the visit that has led to all of them. */
  batch?: number;
  together?: true;
  /** Whether an execution before this one has done it; whatever is not to be done has been unless it is given. */
  carried?: boolean;
  retried: number;
  wait: number;
  handled: boolean;
  startedAt: number | null;
  endedAt: number | null;
  created: number;
  /** Where it is a join: which one, and what had arrived. */
  gathered?: { key: string; arrivals: CarriedArrival[] };
  items?: CarriedItems;
}

/** Names with the number of the publish that set them, and what they were set to. */
export type CarriedScope = [name: string, number: number, value: Json][];

/** A question to people, by the index of the visit that asked it; times in milliseconds. */
export interface CarriedInquiry {
  key: string;
  visit: number;
  item: number | null;
  request: InquiryRequest;
  /** Those that count. */
  votes: Vote[];
  opened: number;
  expires: number | null;
  ended: number | null;
  /** How it has ended by itself; null: it has not, or was withdrawn. */
  outcome: 'approved' | 'denied' | 'expired' | null;
  /** When each step of its ladder was taken, in order; none where it is absent. */
  escalated?: number[];
  /** Every delegation that came, in order; none where it is absent. */
  delegations?: DelegationRecord[];
  /** What it was about when it ended. */
  settled: { bound_to: string; what?: string; plan: PlannedTask[] } | null;
}

/** Something that is waited for and that no worker has; `due` in milliseconds, null without a timer. */
export interface CarriedWait {
  key: string;
  kind: 'delay' | 'retry' | 'wait' | 'signal' | 'inquiry' | 'timeout';
  visit: number;
  item: number | null;
  due: number | null;
  signal?: string;
}

/** What another run of the same chain hands on, beside what has been done: what it was in the middle of. */
export interface CarriedMiddle {
  /** When the first run of the chain has started, in milliseconds. */
  started: number;
  /** The tasks in the order in which they were first visited. */
  tasks: string[];
  waits: CarriedWait[];
  /** Keys of those who wait for signals, by name, the longest waiting first. */
  waiters: [name: string, keys: string[]][];
  dropped: number;
  paused: { since: number; by: string; reason: string | null } | null;
  controls: ControlRecord[];
  /** Since when it waits for its turn, in milliseconds. */
  turn?: number;
  /** How often inquiries have changed that are no longer here. */
  asked: number;
  failure: Failure | null;
  lost: boolean;
  also: Failure[];
  /** Units of work that the chain has done since the last event from outside (interpreter 8). */
  span?: number;
  /** What has become of signed statements, and when the newest control was made, in milliseconds (interpreter 9). */
  statements?: StatementCounts;
  newest_control?: number;
  /** Hash of everything that the first run of the chain was started with (interpreter 10). */
  content?: string;
  /** Signals that have come and were not taken yet, in order. */
  backlog?: [name: string, payload: Json][];
}

/** A run's state as another run goes on from it. */
export interface CarriedState {
  scopes: CarriedScope[];
  /** Where every branch begins, and what the branches that have ended published. */
  variables: number;
  ended: number;
  visits: CarriedVisit[];
  /** How many there were, with those that are gone: what comes is known by another number than they were. */
  visited?: number;
  /** Visits, or items of them, that are to start, in order: by place in the list of visits, or by index in the middle of a chain. */
  starting: (number | [visit: number, item: number])[];
  gatherings: { name: string; lineage: number; round: number; fired: boolean; arrivals: CarriedArrival[] }[];
  rounds: [key: string, count: number][];
  leaves: [name: string, visit: number][];
  signals: [name: string, payloads: Json[]][];
  inquiries: CarriedInquiry[];
  decisions: DecisionRecord[];
  counters: { endings: number; starts: number; published: number; drawn: number };
  /** Sub-workflows that go on where they stood, by the key of their visit or item. */
  children?: Record<string, CarriedState>;
  /** The run goes on within the same execution. */
  middle?: CarriedMiddle;
}
