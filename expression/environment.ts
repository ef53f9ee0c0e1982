import type { Budget } from './budget.ts';
import { EvaluationError, typeError } from './errors.ts';
import type { Value } from './values.ts';

/** What filters, tests and methods may use of the evaluation that calls them. */
export interface Environment {
  budget: Budget;
  filter(name: string, value: Value, args: Value[], named: Record<string, Value>): Value;
  test(name: string, value: Value, args: Value[]): boolean;
  /** A number from 0 up to 1. */
  random(): number;
}

/** A filter or method with the names of its parameters; those that were not given are undefined. */
export interface Operation {
  parameters: readonly string[];
  /** Takes more arguments than it names. */
  variadic: boolean;
  /** May give back something that it was given, so that its result is not the template's own. */
  passes: boolean;
  run(value: Value, args: (Value | undefined)[], environment: Environment, named: Record<string, Value>): Value;
}

/** Makes an operation; a last parameter `*` takes whatever else is given. */
export function operation(parameters: string, run: Operation['run']): Operation {
  const names = parameters === '' ? [] : parameters.split(' ');
  const variadic = names.at(-1) === '*';
  return { parameters: variadic ? names.slice(0, -1) : names, variadic, passes: false, run };
}

/** Makes an operation that may give back something that it was given. */
export function passing(parameters: string, run: Operation['run']): Operation {
  return { ...operation(parameters, run), passes: true };
}

/** Puts arguments in the places of their parameters and runs the operation. */
export function apply(
  name: string,
  { parameters, variadic, run }: Operation,
  value: Value,
  args: Value[],
  named: Record<string, Value>,
  environment: Environment,
): Value {
  if (!variadic && args.length > parameters.length) {
    throw typeError(`${name} takes at most ${parameters.length} arguments, not ${args.length}`);
  }
  const placed: (Value | undefined)[] = [...args];
  const rest: Record<string, Value> = {};
  for (const [key, entry] of Object.entries(named)) {
    const index = parameters.indexOf(key);
    if (index === -1 && variadic) rest[key] = entry;
    else if (index === -1) throw typeError(`${name} has no argument '${key}'`);
    else if (placed[index] !== undefined) throw typeError(`${name} is given '${key}' twice`);
    else placed[index] = entry;
  }
  return run(value, placed, environment, rest);
}

/** An error for a name that no table has. */
export function unknownName(what: string, name: string): EvaluationError {
  return new EvaluationError('unknown', `there is no ${what} '${name}'`);
}
