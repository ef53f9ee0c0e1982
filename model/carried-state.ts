import type { ControlRecord } from './control.ts';
import type { DelegationRecord } from './delegation.ts';
import type { Failure } from './failure.ts';
import type { DecisionRecord, InquiryRequest, PlannedTask, Vote } from './inquiry.ts';
import type { Json } from './json.ts';
import type { SecretTexts } from './secret-texts.ts';
import type { StatementCounts } from './statement.ts';

// The state with which a run continues another one: JSON, a part of its input.

/** Work that has ended, is under way, or runs again. */
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

/** An arrival at a join: the task, its visit, and the scope that it brought. */
export type CarriedArrival = [task: string, visit: number, scope: number];

/** The items of a visit. */
export interface CarriedItems {
  /** The values from item `first` (0) on. */
  list: Json[];
  first?: number;
  /** Values of earlier items that are still needed. */
  values?: [item: number, value: Json][];
  concurrency: number;
  /** Items that had begun: all from item 0 on, or those at `places`; others have no more than their outputs. */
  work: CarriedWork[];
  places?: number[];
  /** The number of items that had begun; absent: the length of `work`. */
  begun?: number;
  /** Outputs of items that succeeded and are not in `work`; absent when nothing needs them. */
  outputs?: Json[];
  /** Whether some outputs were not kept, because nothing reads them. */
  forgotten?: true;
  /** The items that run again, and those that have failed, in this order. */
  again: number[];
  failed?: number[];
}

/** A visit; `scope` is one of the state's scopes. */
export interface CarriedVisit extends CarriedWork {
  /** The index of the visit; absent: its place in the list. */
  index?: number;
  name: string;
  visit: number;
  from: number[];
  lineage: number;
  error: number | null;
  scope: number;
  /** The scope that it began with, if that is another one. */
  began?: number;
  cleanup?: true;
  /** For visits that wait to start together: the visit that led to all of them. */
  batch?: number;
  together?: true;
  /** Whether an earlier execution did it; absent: every visit that does not run again was done by one. */
  carried?: boolean;
  retried: number;
  wait: number;
  handled: boolean;
  startedAt: number | null;
  endedAt: number | null;
  created: number;
  /** For a visit to a join: the key of its gathering, and its arrivals. */
  gathered?: { key: string; arrivals: CarriedArrival[] };
  items?: CarriedItems;
}

/** Variables, each with the number of the publish that set it, and its value. */
export type CarriedScope = [name: string, number: number, value: Json][];

/** An inquiry, by the index of the visit that opened it; times in milliseconds. */
export interface CarriedInquiry {
  key: string;
  visit: number;
  item: number | null;
  request: InquiryRequest;
  /** The votes that count. */
  votes: Vote[];
  opened: number;
  expires: number | null;
  ended: number | null;
  /** The outcome by decision or expiry; null: the inquiry is open or was withdrawn. */
  outcome: 'approved' | 'denied' | 'expired' | null;
  /** When each step of the escalation was taken, in order; absent: none was. */
  escalated?: number[];
  /** Every delegation that came, in order; absent: none did. */
  delegations?: DelegationRecord[];
  /** The binding of the inquiry when it ended. */
  settled: { bound_to: string; what?: string; plan: PlannedTask[] } | null;
}

/** A wait that no worker has a part in; `due` in milliseconds, null without a timer. */
export interface CarriedWait {
  key: string;
  kind: 'delay' | 'retry' | 'wait' | 'signal' | 'inquiry' | 'timeout';
  visit: number;
  item: number | null;
  due: number | null;
  signal?: string;
}

/** The state that a run passes on to the next run of its chain, in addition to that of a retry. */
export interface CarriedMiddle {
  /** When the first run of the chain started, in milliseconds. */
  started: number;
  /** The tasks in the order in which they were first visited. */
  tasks: string[];
  waits: CarriedWait[];
  /** Keys of the visits that wait for signals, by signal name, the longest wait first. */
  waiters: [name: string, keys: string[]][];
  dropped: number;
  paused: { since: number; by: string; reason: string | null } | null;
  controls: ControlRecord[];
  /** Since when the run waits for its concurrency key, in milliseconds. */
  turn?: number;
  /** How often inquiries changed that the state no longer has. */
  asked: number;
  failure: Failure | null;
  lost: boolean;
  also: Failure[];
  /** Units of work of the chain since the last event from outside (interpreter 8). */
  span?: number;
  /** Counts of signed statements, and when the newest control was made, in milliseconds (interpreter 9). */
  statements?: StatementCounts;
  newest_control?: number;
  /** Hash of everything that the first run of the chain was started with (interpreter 10). */
  content?: string;
  /** Signals that are not taken yet, in order. */
  backlog?: [name: string, payload: Json][];
}

/** The state of a run with which another one continues it. */
export interface CarriedState {
  scopes: CarriedScope[];
  /** The variables with which every branch begins, and those that ended branches published. */
  variables: number;
  ended: number;
  visits: CarriedVisit[];
  /** Counters, which include dropped visits: later visits get other numbers. */
  visited?: number;
  /** Visits and items that are about to start, in order: by place in the list of visits, or by index in the middle of a chain. */
  starting: (number | [visit: number, item: number])[];
  gatherings: { name: string; lineage: number; round: number; fired: boolean; arrivals: CarriedArrival[] }[];
  rounds: [key: string, count: number][];
  leaves: [name: string, visit: number][];
  signals: [name: string, payloads: Json[]][];
  inquiries: CarriedInquiry[];
  decisions: DecisionRecord[];
  counters: { endings: number; starts: number; published: number; drawn: number };
  /** Sub-workflows that continue from a state, by the key of their visit or item. */
  children?: Record<string, CarriedState>;
  /** Present when the run continues the same execution. */
  middle?: CarriedMiddle;
}
