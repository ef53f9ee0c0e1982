import type fc from 'fast-check';

/** A property that random input must keep; `runs`: how many inputs are tried when nothing else is asked for. */
export interface Part {
  name: string;
  runs: number;
  /** Its inputs are as large as any may be, so that each takes long: none of them is tried in the unit tests. */
  large?: true;
  property: fc.IRawProperty<unknown>;
}
