/** Thrown when work that a caller's input causes costs more than its limit allows. */
export class WorkExceeded extends Error {
  constructor() {
    super('this takes more work than is allowed');
    this.name = 'WorkExceeded';
  }
}

/**
 * Counts the work that several evaluations share: all templates of a visit, all checks of a request. One unit takes at most
 * half a microsecond once the code is hot. Counting is deterministic: it never looks at a clock.
 */
export class WorkMeter {
  readonly limit: number;
  #spent = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Units charged so far; may exceed the limit by the last charge. */
  get spent(): number {
    return this.#spent;
  }

  /** Adds units of work, before they are done. Throws WorkExceeded beyond the limit. */
  charge(units: number): void {
    this.#spent += units;
    if (this.#spent > this.limit) throw new WorkExceeded();
  }
}
