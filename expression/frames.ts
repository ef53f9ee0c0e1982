import type { Value } from './values.ts';

/** One level of `{% for %}` and the like. */
export interface Frame {
  readonly vars: Map<string, Value>;
  readonly parent: Frame | null;
  readonly depth: number;
  /** Creates `loop`, which most rounds of a loop never read. */
  loop?: () => Value;
  /** Iterates over another list as the recursive loop of this level does. */
  recur?: (list: Value) => Value;
}

/** The names that a template has set, level by level. */
export class Frames {
  #top: Frame = { vars: new Map(), parent: null, depth: 0 };

  /** The innermost level. */
  get top(): Frame {
    return this.#top;
  }

  /** Returns the value of a name, or undefined. */
  find(name: string): Value | undefined {
    for (let frame: Frame | null = this.#top; frame !== null; frame = frame.parent) {
      const found = frame.vars.get(name);
      if (found !== undefined) return found;
      if (name !== 'loop' || frame.loop === undefined) continue;
      const state = frame.loop();
      frame.vars.set('loop', state);
      return state;
    }
    return undefined;
  }

  /** Returns the function of `loop(…)`; undefined outside recursive loops, and where `loop` is something else. */
  recursion(): Frame['recur'] {
    for (let frame: Frame | null = this.#top; frame !== null; frame = frame.parent) {
      if (frame.loop !== undefined) return frame.recur;
      if (frame.vars.has('loop')) return undefined;
    }
    return undefined;
  }

  /** Sets a name of the innermost level. */
  set(name: string, value: Value): void {
    this.#top.vars.set(name, value);
  }

  /** Runs work one level further in, or within a given level. */
  within<T>(work: () => T, parent: Frame = this.#top): T {
    const before = this.#top;
    this.#top = { vars: new Map(), parent, depth: parent.depth + 1 };
    try {
      return work();
    } finally {
      this.#top = before;
    }
  }
}
