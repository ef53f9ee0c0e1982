import { integer } from './arguments.ts';
import { type Environment, type Operation, operation } from './environment.ts';
import { typeError } from './errors.ts';
import { type Dict, Namespace, type Value } from './values.ts';

function extended(base: Value = {}, named: Dict, { budget }: Environment): Dict {
  budget.work(typeof base === 'string' ? base.length : Object.keys(Object(base)).length);
  return { ...(base as Dict), ...named };
}

/** Functions of the language in dialect 1. Nothing in this file is ever fixed. */
export const EARLIER_FUNCTIONS: Readonly<Record<string, Operation>> = {
  range: operation('*', (_, args, { budget }) => {
    const [first = 0, second, third] = args.map((argument) => integer(argument, 0));
    const [from, to, by] = second === undefined ? [0, first, 1] : [first, second, third ?? 1];
    if (by === 0) throw typeError('a range has no step of zero');
    const size = Math.max(0, Math.ceil((to - from) / by));
    budget.charge(size);
    return Array.from({ length: size }, (__, index) => from + index * by);
  }),
  dict: operation('*', (_, args, environment, named) => extended(args[0], named, environment)),
  namespace: operation('*', (_, args, environment, named) => new Namespace(extended(args[0], named, environment))),
};
