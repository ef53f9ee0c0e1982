import { may } from '../../client/session.ts';

/** Returns the path of a rule, which the API and the console share. */
export function rulePath(ref: string): string {
  return `/rules/${encodeURIComponent(ref)}`;
}

/** Returns whether who is signed in may store rules, which start runs in the name of whoever stores them. */
export function mayStoreRules(): boolean {
  return may('workflow:write') && may('execution:execute');
}
