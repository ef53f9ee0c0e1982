/** Sets of tasks, by their numbers, as rows of bits. */
export class TaskSets {
  readonly #words: number;
  readonly #bits: Uint32Array;

  /** Makes `rows` empty sets of tasks that are numbered from 0 to below `tasks`. */
  constructor(rows: number, tasks: number) {
    this.#words = Math.ceil(tasks / 32);
    this.#bits = new Uint32Array(rows * this.#words);
  }

  has(row: number, task: number): boolean {
    return ((this.#bits[row * this.#words + (task >>> 5)]! >>> (task & 31)) & 1) === 1;
  }

  add(row: number, task: number): void {
    this.#bits[row * this.#words + (task >>> 5)]! |= 1 << (task & 31);
  }

  /** Adds all tasks of a row of these or other sets of the same tasks. */
  addAll(row: number, from: TaskSets, fromRow: number): void {
    for (let word = 0; word < this.#words; word += 1) {
      this.#bits[row * this.#words + word]! |= from.#bits[fromRow * this.#words + word]!;
    }
  }

  equal(a: number, b: number): boolean {
    for (let word = 0; word < this.#words; word += 1) {
      if (this.#bits[a * this.#words + word] !== this.#bits[b * this.#words + word]) return false;
    }
    return true;
  }
}
