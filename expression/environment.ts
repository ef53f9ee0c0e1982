import type { Budget } from './budget.ts';
import { DECLARED_ARGUMENTS, type Dialect } from './dialect.ts';
import { EvaluationError, typeError } from './errors.ts';
import { argumentFault, parseSignature, type Signature } from './signature.ts';
import type { Value } from './values.ts';

/** The parts of an evaluation that its filters, tests and methods may use. */
export interface Environment {
  budget: Budget;
  filter(name: string, value: Value, given: Given): Value;
  test(name: string, value: Value, given: Given): boolean;
  /** Returns a value that may be listed although it is undefined; in dialect 1 that is an error. */
  held(value: Value): Value;
  /** Draws a number from 0 up to 1. */
  random(): number;
}

/** A filter, method or function with the arguments that it takes; those that were not given are undefined. */
export interface Operation {
  signature: Signature;
  /** Whether it may return one of its arguments, so that the template does not own the result. */
  passes: boolean;
  run(value: Value, args: (Value | undefined)[], environment: Environment, named: Record<string, Value>): Value;
}

/** Creates an operation that takes the arguments of a signature. */
export function operation(signature: string, run: Operation['run']): Operation {
  return { signature: parseSignature(signature), passes: false, run };
}

/** Creates an operation that may return one of its arguments. */
export function passing(signature: string, run: Operation['run']): Operation {
  return { ...operation(signature, run), passes: true };
}

/** Arguments as a template gives them; the named ones are in order, and a name may stand there twice. */
export interface Given {
  positional: Value[];
  named: readonly (readonly [string, Value])[];
}

/** Puts arguments in the places of their parameters and runs the operation. */
export function apply(name: string, of: Operation, value: Value, given: Given, environment: Environment): Value {
  const { placed, rest } = place(name, of.signature, given, environment.budget.dialect);
  return of.run(value, placed, environment, rest);
}

/** Puts arguments in the places of their parameters; `rest` has those whose names have no place. Throws on an undeclared argument. */
export function place(
  name: string,
  signature: Signature,
  { positional, named }: Given,
  dialect: Dialect,
): { placed: (Value | undefined)[]; rest: Record<string, Value> } {
  const { parameters, variadic } = signature;
  if (dialect >= DECLARED_ARGUMENTS) {
    const names = named.map(([key]) => key);
    const fault = argumentFault(name, signature, positional.length, names);
    if (fault !== null) throw typeError(fault);
  } else if (!variadic && positional.length > parameters.length) {
    throw typeError(`${name} takes at most ${parameters.length} arguments, not ${positional.length}`);
  }
  const placed: (Value | undefined)[] = [...positional];
  const rest: Record<string, Value> = {};
  for (const [key, entry] of Object.entries(Object.fromEntries(named))) {
    // In dialect 1, names have no places in a signature that takes any number of arguments.
    const index = variadic && dialect < DECLARED_ARGUMENTS ? -1 : parameters.indexOf(key);
    if (index === -1 && (variadic || dialect >= DECLARED_ARGUMENTS)) rest[key] = entry;
    else if (index === -1) throw typeError(`${name} has no argument '${key}'`);
    else if (placed[index] !== undefined) throw typeError(`${name} is given '${key}' twice`);
    else placed[index] = entry;
  }
  return { placed, rest };
}

/** Creates the error for a name that no table has. */
export function unknownName(what: string, name: string): EvaluationError {
  return new EvaluationError('unknown', `there is no ${what} '${name}'`);
}
