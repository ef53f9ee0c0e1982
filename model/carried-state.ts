import type { Failure } from './failure.ts';
import type { DecisionRecord, InquiryRequest, PlannedTask, Vote } from './inquiry.ts';
import type { Json } from './json.ts';

// What a run is started with that goes on where another one stood: JSON, part of its input.

/** Work that was done, or is to be done again. */
export interface CarriedWork {
  status: 'held' | 'succeeded' | 'failed' | 'timed_out' | 'cancelled';
  tries: number;
  reissues: number;
  input: Json;
  output: Json;
  failure: Failure | null;
  lost: boolean;
  started: number | null;
  ended: number | null;
}

/** What has arrived at a join: the task, its visit, and the scope that it brought. */
export type CarriedArrival = [task: string, visit: number, scope: number];

/** A visit. Visits are known by their place in the list; `scope` is one of the state's scopes. */
export interface CarriedVisit extends CarriedWork {
  name: string;
  visit: number;
  from: number[];
  lineage: number;
  error: number | null;
  scope: number;
  retried: number;
  wait: number;
  handled: boolean;
  startedAt: number | null;
  endedAt: number | null;
  created: number;
  /** Where it is a join: which one, and what had arrived. */
  gathered?: { key: string; arrivals: CarriedArrival[] };
  /** Its list; what had begun; which of these are to be run again. */
  items?: { list: Json[]; concurrency: number; work: CarriedWork[]; again: number[] };
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
  /** What it was about when it ended. */
  settled: { bound_to: string; plan: PlannedTask[] } | null;
}

/** A run's state as another run goes on from it. */
export interface CarriedState {
  scopes: CarriedScope[];
  /** Where every branch begins, and what the branches that have ended published. */
  variables: number;
  ended: number;
  visits: CarriedVisit[];
  /** Visits that are to start, in order. */
  starting: number[];
  gatherings: { name: string; lineage: number; round: number; fired: boolean; arrivals: CarriedArrival[] }[];
  rounds: [key: string, count: number][];
  leaves: [name: string, visit: number][];
  signals: [name: string, payloads: Json[]][];
  inquiries: CarriedInquiry[];
  decisions: DecisionRecord[];
  counters: { endings: number; starts: number; published: number; drawn: number };
  /** Sub-workflows that go on where they stood, by the key of their visit or item. */
  children?: Record<string, CarriedState>;
}
