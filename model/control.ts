import { isJsonObject, type Json, type JsonObject } from './json.ts';

// Controls of a run while it runs: pause, resume, skip of a task. Free of zod: the interpreter reads them.

/** An operation of a control, and its target. */
export type ControlAction = { what: 'pause' } | { what: 'resume' } | { what: 'skip'; key: string; output: Json };

/** Whether a run has a slot of its concurrency key; Fermata itself sends it. */
export interface TurnControl {
  what: 'turn';
  verdict: 'begin' | 'skip' | 'fail';
}

/** A control as it is sent to the run: the payload of a signal named CONTROL_SIGNAL. */
export type Control = (ControlAction | TurnControl) & {
  /** The same id twice is one control. */
  id: string;
  by: string;
  reason: string | null;
};

/** A control with the answer of the run; `taken`: when the run took it, ISO 8601. */
export interface ControlRecord {
  control: Control;
  /** Why the run refused it; null: the run obeyed. */
  refused: 'already_paused' | 'not_paused' | 'not_waiting' | 'overtaken' | null;
  taken: string;
  /** When it was asked for, ISO 8601; only for a signed control. */
  asked?: string;
}

/** The name of the signal of a control; the API's route for signals refuses it. */
export const CONTROL_SIGNAL = '__fermata_control';

/** Returns when the newest pause or resume that a run obeyed was asked for, in milliseconds; 0 when none is signed. */
export function newestSwitch(controls: readonly ControlRecord[]): number {
  const switches = controls.filter(({ control, refused }) => refused === null && isSwitch(control));
  return Math.max(0, ...switches.map(({ asked }) => (asked === undefined ? 0 : Date.parse(asked))));
}

/** Returns whether a control is a pause or a resume; of these, the one that was asked for last counts. */
export function isSwitch({ what }: Pick<Control, 'what'>): boolean {
  return what === 'pause' || what === 'resume';
}

/** Reads the payload of a control, which anybody with a Temporal client can send. Returns null for anything else. */
export function parseControl(payload: Json): Control | null {
  if (!isJsonObject(payload)) return null;
  const { id, by, reason = null, what, key, output = null, verdict } = payload;
  if (typeof id !== 'string' || typeof by !== 'string' || (reason !== null && typeof reason !== 'string')) return null;
  if (what === 'pause' || what === 'resume') return { id, by, reason, what };
  if (what === 'turn' && (verdict === 'begin' || verdict === 'skip' || verdict === 'fail')) {
    return { id, by, reason, what, verdict };
  }
  return what === 'skip' && typeof key === 'string' ? { id, by, reason, what, key, output } : null;
}

/** Returns the output with which Fermata completes an activity so that a skip prevents its next attempt; `id` is that of the skip. */
export function skipMarker(id: string): JsonObject {
  return { __fermata_skip: id };
}

/** Returns the id of the skip that completed an activity, read from its output; null for any other output. */
export function readSkip(output: Json): string | null {
  const id = isJsonObject(output) ? output.__fermata_skip : undefined;
  return typeof id === 'string' ? id : null;
}
