import { STATE_MARKS } from '../../language/layout/drawing/states.ts';

/** A state in the words of the service. */
export type StateWord = keyof typeof STATE_MARKS;

/** A state by shape, word and colour; `word` is for what only looks like the state. */
export function Badge({ state, word = state }: { state: StateWord; word?: string }) {
  return (
    <span class={`badge ${STATE_MARKS[state].colour}`}>
      <StateMark state={state} />
      {word}
    </span>
  );
}

/** The shape of a state, next to words that say the same. */
export function StateMark({ state, size = 14 }: { state: StateWord; size?: number }) {
  return (
    <svg class="glyph state-mark" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={STATE_MARKS[state].path} />
    </svg>
  );
}
