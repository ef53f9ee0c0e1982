import { isJsonObject, type Json, type JsonObject } from './json.ts';

// What is done to a run while it runs: paused, resumed, a task skipped. Free of zod: the interpreter reads it.

/** What is done, and to what. */
export type ControlAction = { what: 'pause' } | { what: 'resume' } | { what: 'skip'; key: string; output: Json };

/** What was found out about the turn of a run with a concurrency key; Fermata itself sends it. */
export interface TurnControl {
  what: 'turn';
  verdict: 'begin' | 'skip' | 'fail';
}

/** As it is sent to the run: the payload of a signal named CONTROL_SIGNAL. */
export type Control = (ControlAction | TurnControl) & {
  /** The same id twice is one. */
  id: string;
  by: string;
  reason: string | null;
};

/** What the run has made of it; `taken`: when, ISO 8601. */
export interface ControlRecord {
  control: Control;
  /** Null: it was done. */
  refused: 'already_paused' | 'not_paused' | 'not_waiting' | 'overtaken' | null;
  taken: string;
  /** When it was asked for, ISO 8601; only of what is signed. */
  asked?: string;
}

/** The signal that brings it; nobody can send it through the API's own signals. */
export const CONTROL_SIGNAL = '__fermata_control';

/** Kinds of waits of which a task can be relieved. */
export const SKIPPABLE = ['inquiry', 'signal', 'timer', 'retry'] as const;

/** Returns when the newest pause or resume that a run has done was asked for, in milliseconds; 0 where none is signed. */
export function newestSwitch(controls: readonly ControlRecord[]): number {
  const switches = controls.filter(({ control, refused }) => refused === null && isSwitch(control));
  return Math.max(0, ...switches.map(({ asked }) => (asked === undefined ? 0 : Date.parse(asked))));
}

/** Reports whether a control is a pause or a resume, of which the one that was asked for last counts. */
export function isSwitch({ what }: Pick<Control, 'what'>): boolean {
  return what === 'pause' || what === 'resume';
}

/** The payload of a control, read with care. Null: it is none. */
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

/** Returns what Fermata completes an activity with whose next attempt the skip with an id is to prevent. */
export function skipMarker(id: string): JsonObject {
  return { __fermata_skip: id };
}

/** Returns the id of the skip that an output of an activity says it was ended by; null for any other output. */
export function skipOf(output: Json): string | null {
  const id = isJsonObject(output) ? output.__fermata_skip : undefined;
  return typeof id === 'string' ? id : null;
}
