import { FUNCTION_NAMES } from '../../expression/functions.ts';
import { END_FUNCTIONS } from '../../model/words.ts';
import { type Program, publishedBy } from '../program.ts';
import type { Reader } from '../templates/compiler.ts';

/** Functions of a run that templates can call wherever a run has begun. */
export const RUN_FUNCTIONS = ['now', 'uuid'];

/** Names, and whether a word is one of them. */
export interface Names extends Iterable<string> {
  has(name: string): boolean;
}

const NO_NAMES: Names = new Set();
const ANYWHERE: Names = new Set(RUN_FUNCTIONS);
const AT_END: Names = new Set([...RUN_FUNCTIONS, ...END_FUNCTIONS]);

/** Functions of the language, which templates can call everywhere. */
export const GLOBALS: Names = new Set(FUNCTION_NAMES);

/** The names that a template can use at its place in the definition. */
export interface Visible {
  tasks: Names;
  variables: Names;
  functions: Names;
  error: boolean;
  /** Whether `execution` is there: before a run begins it has no id. */
  execution: boolean;
  /** Whether `item` and `index` are there. */
  items: boolean;
}

const NOTHING: Visible = {
  tasks: NO_NAMES,
  variables: NO_NAMES,
  functions: NO_NAMES,
  error: false,
  execution: true,
  items: false,
};

/** Finds the names that each reader of a definition can use. */
export function createVisibility({ tasks, variables }: Program): (reader: Reader) => Visible {
  const taskNames: Names = { has: (name) => tasks.has(name), [Symbol.iterator]: () => tasks.keys() };
  const initial = new Map(variables.map(([name], index) => [name, index]));
  const allVariables: Names = new Set([...initial.keys(), ...[...tasks.values()].flatMap(publishedBy)]);
  const running: Visible = {
    tasks: taskNames,
    variables: allVariables,
    functions: ANYWHERE,
    error: true,
    execution: true,
    items: false,
  };
  return (reader) => {
    switch (reader.at) {
      case 'key':
        return { ...NOTHING, execution: false };
      case 'when':
        return { ...NOTHING, functions: ANYWHERE };
      case 'variable':
        return { ...NOTHING, variables: earlierThan(initial, reader.name), functions: ANYWHERE };
      case 'end':
        return { ...running, functions: AT_END, items: reader.items };
      case 'task':
        return { ...running, items: reader.items };
      case 'output':
        return running;
    }
  };
}

/** Returns the variables that are set before one of them. */
function earlierThan(initial: ReadonlyMap<string, number>, name: string): Names {
  const end = initial.get(name) ?? 0;
  return {
    has: (other) => (initial.get(other) ?? end) < end,
    *[Symbol.iterator]() {
      for (const [other, index] of initial) {
        if (index >= end) return;
        yield other;
      }
    },
  };
}
