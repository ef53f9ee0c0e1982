import type { Execution } from './execution.ts';
import type { Warrant } from './statement.ts';

/** Returns the subjects on whose behalf a run exists, who never decide about it. */
export function startersOf({ run, memo, starters }: Pick<Execution, 'run' | 'memo' | 'starters'>): readonly string[] {
  return run?.starters ?? starters ?? (memo === null ? [] : [memo.owner]);
}

/** Returns the starters that a warrant names, unverified; null for a run without one. */
export function startersIn(warrant: Warrant | undefined): string[] | null {
  const named = warrant?.statement.starters;
  return Array.isArray(named) ? named.filter((subject): subject is string => typeof subject === 'string') : null;
}
