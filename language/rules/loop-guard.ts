/** The most rules between an event and the outside. */
const MAX_EVENT_DEPTH = 8;

/** The place of an event behind rules. */
export interface EventPath {
  /** The number of rules between the event and the outside. */
  depth: number;
  /** The integer ids of these rules. */
  chain: readonly number[];
}

/** Why a rule starts nothing for an event that executions of rules have led to. */
export interface LoopRefusal {
  code: 'loop' | 'too_deep';
  message: string;
}

/**
 * Returns why a rule starts nothing for an event that it matches; null: it starts what it is there for. A rule is started by no execution
 * that it began itself, unless it allows that, and none is behind more than eight others. `rule` is its integer id; null for a rule that is
 * not stored.
 */
export function refuseLoop(
  { rule, allowLoops }: { rule: number | null; allowLoops: boolean },
  { depth, chain }: EventPath,
): LoopRefusal | null {
  if (depth > MAX_EVENT_DEPTH) {
    const message = `more than ${MAX_EVENT_DEPTH} rules lie between the event and the outside`;
    return { code: 'too_deep', message };
  }
  if (rule === null || allowLoops || !chain.includes(rule)) return null;
  return { code: 'loop', message: 'the event comes from an execution that this rule began: "allow_loops" allows that' };
}
