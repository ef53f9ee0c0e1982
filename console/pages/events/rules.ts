import { may } from '../../client/session.ts';

/** Returns whether who is signed in may store rules, which start runs in the name of whoever stores them. */
export function mayStoreRules(): boolean {
  return may('workflow:write') && may('execution:execute');
}
