/** Limits of the work that a run may do, in units. */
export interface WorkLimits {
  /** For the templates of one visit or one item, each time that it starts or ends. */
  visit: number;
  /** For one activation; then other runs can work. */
  slice: number;
  /** For one run of a chain; then it continues as new, so that a replay fits into one workflow task. */
  run: number;
  /** For the time since the last event from outside; then the run fails. */
  span: number;
}

/** The error of work, caused by a caller's input, that costs more than its limit allows. */
export class WorkExceeded extends Error {
  constructor() {
    super('this takes more work than is allowed');
    this.name = 'WorkExceeded';
  }
}

/** The error of a replay that takes more work than the reader allows; the run itself never sees it. */
export class ReplayExceeded extends Error {
  constructor() {
    super('replaying this run takes more work than is allowed');
    this.name = 'ReplayExceeded';
  }
}

/** Counts the work of replaying a run, for a reader that must not be blocked for long. */
export class ReplayMeter {
  readonly limit: number;
  #spent = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Units charged since the meter was created or reset. */
  get spent(): number {
    return this.#spent;
  }

  /** Adds units of work, before they are done. Throws ReplayExceeded beyond the limit. */
  charge(units: number): void {
    this.#spent += units;
    if (this.#spent > this.limit) throw new ReplayExceeded();
  }

  /** Allows the whole limit again. */
  reset(): void {
    this.#spent = 0;
  }
}

/**
 * Counts the work that several evaluations share: all templates of a visit, all checks of a request. One unit takes at most
 * half a microsecond once the code is hot. Counting is deterministic: it never looks at a clock.
 */
export class WorkMeter {
  readonly limit: number;
  readonly #replay: ReplayMeter | undefined;
  #spent = 0;

  /** Creates a meter; work within its limit is charged to the meter of a replay as well. */
  constructor(limit: number, replay?: ReplayMeter) {
    this.limit = limit;
    this.#replay = replay;
  }

  /** Units charged so far; may exceed the limit by the last charge. */
  get spent(): number {
    return this.#spent;
  }

  /** Adds units of work, before they are done. Throws WorkExceeded beyond the limit, and what the meter of a replay throws. */
  charge(units: number): void {
    this.#spent += units;
    if (this.#spent > this.limit) throw new WorkExceeded();
    this.#replay?.charge(units);
  }

  /** Returns a meter that has counted as much, and counts independently from now on. */
  copy(): WorkMeter {
    const copied = new WorkMeter(this.limit, this.#replay);
    copied.#spent = this.#spent;
    return copied;
  }
}
