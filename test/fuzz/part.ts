import type fc from 'fast-check';

/** A property that random input must keep; `runs`: how many inputs are tried when nothing else is asked for. */
export interface Part {
  name: string;
  runs: number;
  property: fc.IRawProperty<unknown>;
}
