/** Limits of the work that a run may do, in units. */
export interface WorkLimits {
  /** Of the templates of one visit or one item, each time that it starts or ends. */
  visit: number;
  /** Of one activation; then other runs have their turn. */
  slice: number;
  /** Of one run of a chain; then it goes on as another one, so that a replay fits into one workflow task. */
  run: number;
  /** Since the last event from outside; then the run fails. */
  span: number;
}

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
