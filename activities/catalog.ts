import type { Action } from './action.ts';
import { httpAction } from './http.ts';

/** The actions that our own workers can run, by ref. */
export const ACTIONS: Readonly<Record<string, Action>> = {
  'core.http': httpAction as Action, // each action reads its input by its own schema
};
