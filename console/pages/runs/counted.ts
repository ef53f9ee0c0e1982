import type { RunCounts } from '../../client/shapes.ts';
import type { StateWord } from '../../parts/badge.tsx';

/** The statuses that are counted, each with the state whose mark it has. */
export const COUNTED: {
  word: Exclude<keyof RunCounts, 'total' | 'groups' | 'is_lower_bound'>;
  name: string;
  state: StateWord;
}[] = [
  { word: 'running', name: 'Running', state: 'running' },
  { word: 'failed', name: 'Failed', state: 'failed' },
  { word: 'completed', name: 'Completed', state: 'completed' },
  { word: 'pending', name: 'Pending', state: 'scheduled' },
  { word: 'cancelled', name: 'Cancelled', state: 'cancelled' },
  { word: 'timeout', name: 'Timeout', state: 'timeout' },
  { word: 'abandoned', name: 'Abandoned', state: 'abandoned' },
];
