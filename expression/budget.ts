import { WorkExceeded, type WorkMeter } from '../model/work.ts';
import { type Dialect, NEWEST_DIALECT } from './dialect.ts';
import { EvaluationError } from './errors.ts';
import { entriesOf, isDict, type Value } from './values.ts';

/** The number of characters that a text built by a template may have. */
const MAX_TEXT = 2_000_000;

/** Characters of text, or entries of a list, that cost one step. */
const TEXT_PER_STEP = 64;

/**
 * The budget of one evaluation. Steps bound one template, and count as in every earlier interpreter. Work measures time; it is charged to
 * a meter that several templates share, and is unbounded without one, as in interpreters below 8.
 */
export class Budget {
  /** The rules that the evaluation follows; they stand here because every part of an evaluation has its budget. */
  readonly dialect: Dialect;
  #left: number;
  readonly #meter: WorkMeter | undefined;

  constructor(steps: number, meter?: WorkMeter, dialect: Dialect = NEWEST_DIALECT) {
    this.dialect = dialect;
    this.#left = steps;
    this.#meter = meter;
  }

  /** Whether work counts; limits that came with interpreter 8 hold only then. */
  get metered(): boolean {
    return this.#meter !== undefined;
  }

  /** Charges steps and work. Throws an error of kind `limit` when either is spent. */
  charge(steps: number, work = steps): void {
    this.#left -= steps;
    if (this.#left < 0) throw new EvaluationError('limit', 'the template takes too many steps');
    if (work > 0) this.work(work);
  }

  /** Charges work alone, before it is done. Throws an error of kind `limit` when the meter's limit is reached. */
  work(units: number): void {
    if (this.#meter === undefined) return;
    try {
      this.#meter.charge(units);
    } catch (error) {
      if (error instanceof WorkExceeded) throw new EvaluationError('limit', 'the templates take too much work');
      throw error;
    }
  }

  /** Charges for going through a value once. */
  read(value: Value): void {
    if (typeof value === 'string') this.charge(1 + value.length / TEXT_PER_STEP);
    else {
      const list = entriesOf(value);
      if (list !== null) this.charge(1 + list.length);
      else if (isDict(value)) this.charge(1 + Object.keys(value).length);
      else this.charge(1);
    }
  }

  /** Charges for a text of a length, before it is built. Throws an error of kind `limit` when it would be too long. */
  text(length: number): void {
    if (length > MAX_TEXT) throw tooLong();
    this.charge(1 + length / TEXT_PER_STEP);
  }

  /** Charges as `text` does, for texts whose length earlier interpreters ignore: charges work alone, and refuses only where work counts. */
  longText(length: number): void {
    if (this.#meter === undefined) return;
    if (length > MAX_TEXT) throw tooLong();
    this.work(length / TEXT_PER_STEP);
  }
}

function tooLong(): EvaluationError {
  return new EvaluationError('limit', `the text would have more than ${MAX_TEXT} characters`);
}
