import { EvaluationError } from './errors.ts';
import { entriesOf, isDict, type Value } from './values.ts';

/** Characters that a text may have that a template builds. */
const MAX_TEXT = 2_000_000;

/** Characters of text, or entries of a list, that cost one step. */
const TEXT_PER_STEP = 64;

/** The work that one evaluation may do: steps, charged by the size of what is read or built. */
export class Budget {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** Takes steps; throws an error of kind `limit` when none are left. */
  charge(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new EvaluationError('limit', 'the template takes too many steps');
  }

  /** Takes what going through a value once costs. */
  read(value: Value): void {
    if (typeof value === 'string') this.charge(1 + value.length / TEXT_PER_STEP);
    else {
      const list = entriesOf(value);
      if (list !== null) this.charge(1 + list.length);
      else if (isDict(value)) this.charge(1 + Object.keys(value).length);
      else this.charge(1);
    }
  }

  /** Takes what a text of a length costs, before it is built. */
  text(length: number): void {
    if (length > MAX_TEXT) throw new EvaluationError('limit', `the text would have more than ${MAX_TEXT} characters`);
    this.charge(1 + length / TEXT_PER_STEP);
  }
}
