import { integer } from './arguments.ts';
import type { Dialect } from './dialect.ts';
import { keyText } from './dictionaries.ts';
import { EARLIER_FUNCTIONS } from './earlier-functions.ts';
import { type Environment, type Operation, operation } from './environment.ts';
import { typeError } from './errors.ts';
import { iterate, readKeys } from './iteration.ts';
import { type Dict, describeKind, isDict, Namespace, type Value } from './values.ts';

/** Returns the entries of `dict(…)` and `namespace(…)`: those of a dictionary or of pairs, and the named arguments. */
export function entriesIn(base: Value | undefined, named: Dict, { budget }: Environment): Dict {
  if (base === undefined) return { ...named };
  if (isDict(base)) {
    budget.work(readKeys(base, budget).length);
    return { ...base, ...named };
  }
  const pairs = iterate(base, budget).map((pair): [string, Value] => {
    const [key, value, ...more] = typeof pair === 'object' || typeof pair === 'string' ? iterate(pair, budget) : [];
    budget.work(1);
    if (key === undefined || value === undefined || more.length > 0) {
      throw typeError(`pairs of a key and a value are expected, not ${describeKind(pair)}`);
    }
    return [keyText(key, budget), value];
  });
  return { ...Object.fromEntries(pairs), ...named };
}

/** Functions of the language itself; they have no value that they are called on. */
export const FUNCTIONS: Readonly<Record<string, Operation>> = {
  range: operation('start! stop step /', (_, [start, stop, step], { budget }) => {
    const [from, to] = stop === undefined ? [0, integer(start, 0)] : [integer(start, 0), integer(stop, 0)];
    const by = integer(step, 1);
    if (by === 0) throw typeError('a range has no step of zero');
    const size = Math.max(0, Math.ceil((to - from) / by));
    budget.charge(size);
    return Array.from({ length: size }, (__, index) => from + index * by);
  }),
  dict: operation('pairs / **', (_, [pairs], environment, named) => entriesIn(pairs, named, environment)),
  namespace: operation(
    'pairs / **',
    (_, [pairs], environment, named) => new Namespace(entriesIn(pairs, named, environment)),
  ),
};

/** Names of the functions that every template has. */
export const FUNCTION_NAMES: readonly string[] = Object.keys(FUNCTIONS);

/** The functions that a dialect has. */
export function functionsOf(dialect: Dialect): Readonly<Record<string, Operation>> {
  return dialect === 1 ? EARLIER_FUNCTIONS : FUNCTIONS;
}
