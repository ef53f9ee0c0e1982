import { namesOf } from '../expression/ast.ts';
import { FUNCTION_NAMES } from '../expression/functions.ts';
import { argumentFault, signatureOf } from '../expression/signature.ts';
import type { Issue, Suggestions } from '../model/issue.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import { END_FUNCTIONS } from '../model/words.ts';
import { type Program, publishedBy } from './program.ts';
import { followersOf } from './task-graph.ts';
import type { Reader } from './templates/compiler.ts';
import type { Reference } from './templates/value.ts';
import { reachable } from './transitions.ts';

const TASK_FIELDS = ['output', 'status', 'error', 'attempts'];
const ERROR_FIELDS = ['type', 'message', 'task', 'action', 'attempt', 'code', 'details', 'cause'];
const FUNCTIONS = ['now', 'uuid'];
const WORKFLOW_FIELDS = ['param', 'ref', 'version'];

/** Names, and whether a word is one of them. */
interface Names extends Iterable<string> {
  has(name: string): boolean;
}

const EXECUTION_FIELDS: Names = new Set(['id', 'scheduled_at', 'schedule']);
/** What the functions of a run take. */
const NO_ARGUMENTS = signatureOf('');

const NO_NAMES: Names = new Set();
const EVERYWHERE: Names = new Set(FUNCTIONS);
const AT_END: Names = new Set([...FUNCTIONS, ...END_FUNCTIONS]);
const GLOBALS: Names = new Set(FUNCTION_NAMES);

/** What can be seen from a place in the definition. */
interface Seen {
  tasks: Names;
  variables: Names;
  functions: Names;
  error: boolean;
  /** Whether it is read where a run has not begun, and has no id. */
  early?: true;
  /** Whether `item` and `index` are there. */
  items: boolean;
}

/** Checks the names that templates read against what a definition can ever have. */
export function checkReferences(
  program: Program,
  paramSchema: JsonObject | null,
  suggestions: Suggestions,
): { issues: Issue[]; warnings: Issue[] } {
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const { tasks } = program;
  const taskNames: Names = { has: (name) => tasks.has(name), [Symbol.iterator]: () => tasks.keys() };
  const published = [...tasks.values()].flatMap(publishedBy);
  const initial = new Map(program.variables.map(([name], index) => [name, index]));
  const variables: Names = new Set([...initial.keys(), ...published]);
  const declared = new Set(isJsonObject(paramSchema?.properties) ? Object.keys(paramSchema.properties) : []);
  const closed = paramSchema?.additionalProperties === false;

  const seenFrom = (reader: Reader): Seen => {
    switch (reader.at) {
      case 'key':
        return { ...NOTHING_SEEN, early: true };
      case 'when':
        return { ...NOTHING_SEEN, functions: EVERYWHERE };
      case 'variable':
        return { ...NOTHING_SEEN, variables: earlierThan(initial, reader.name), functions: EVERYWHERE };
      case 'end':
        return { tasks: taskNames, variables, functions: AT_END, error: true, items: reader.items };
      case 'task':
        return { tasks: taskNames, variables, functions: EVERYWHERE, error: true, items: reader.items };
      case 'output':
        return { tasks: taskNames, variables, functions: EVERYWHERE, error: true, items: false };
    }
  };

  const check = ({ path, field }: Reference, seen: Seen): void => {
    const { root, keys, guarded, called, line, column } = path;
    const at = (message: string): Issue => ({ code: 'unknown_name', path: field, message, line, column });
    const expectKey = (index: number, of: string, known: Names): void => {
      const key = keys[index];
      if (key === undefined) issues.push(at(`"${of}" is not a value; its fields are: ${listed(known)}`));
      else if (!known.has(String(key))) {
        issues.push(at(`"${of}" has no "${key}".${suggestions.didYouMean(String(key), known)}`));
      }
    };
    if (called !== null) {
      if (seen.functions.has(root)) {
        const fault = argumentFault(root, NO_ARGUMENTS, called.positional.length, namesOf(called));
        if (fault !== null) issues.push({ ...at(fault), code: 'argument_invalid' });
      }
      if (seen.functions.has(root) || GLOBALS.has(root)) return;
      const elsewhere = (END_FUNCTIONS as readonly string[]).includes(root);
      const where = `"${root}()" is only available once a task has ended: in when, publish and retry.when`;
      issues.push(
        at(
          elsewhere
            ? where
            : `unknown function "${root}".${suggestions.didYouMean(root, [...seen.functions, ...GLOBALS])}`,
        ),
      );
      return;
    }
    if (guarded) return;
    switch (root) {
      case 'workflow':
        expectKey(0, 'workflow', new Set(WORKFLOW_FIELDS));
        if (keys[0] === 'param' && keys[1] !== undefined && closed) expectKey(1, 'workflow.param', declared);
        return;
      case 'parameters':
        if (keys[0] !== undefined && closed) expectKey(0, 'parameters', declared);
        return;
      case 'execution':
        if (seen.early) issues.push(at('"execution" is not available before the run has started'));
        else expectKey(0, 'execution', EXECUTION_FIELDS);
        return;
      case 'variables':
      case 'vars':
        if (keys[0] !== undefined) expectKey(0, root, seen.variables);
        return;
      case 'task':
      case 'tasks':
        expectKey(0, root, seen.tasks);
        if (keys[1] !== undefined) expectKey(1, `${root}.${keys[0]}`, new Set(TASK_FIELDS));
        return;
      case 'item':
      case 'index':
        if (!seen.items)
          issues.push(at(`"${root}" is only available in the input and retry.when of a task with items`));
        return;
      case 'error':
        if (!seen.error) issues.push(at('"error" is not available before the first task'));
        else if (keys[0] !== undefined) expectKey(0, 'error', new Set(ERROR_FIELDS));
        return;
    }
    if ((END_FUNCTIONS as readonly string[]).includes(root) || FUNCTIONS.includes(root)) {
      issues.push(at(`"${root}" is a function: use ${root}()`));
      return;
    }
    if (seen.variables.has(root) || declared.has(root)) return;
    if (seen.tasks.has(root)) {
      if (keys[0] !== undefined) expectKey(0, root, new Set(TASK_FIELDS));
      return;
    }
    const near = suggestions.didYouMean(root, seen.variables, declared, seen.tasks);
    if (closed) issues.push(at(`unknown name "${root}".${near}`));
    else warnings.push(at(`"${root}" is not a variable, a task or a parameter of the schema.${near}`));
  };

  const earlyReads = earlyReadsOf(program, declared);
  for (const { reader, references } of program.readings) {
    const seen = seenFrom(reader);
    for (const reference of references) check(reference, seen);
    if (reader.at === 'task' || reader.at === 'end') warnings.push(...earlyReads(reader, references));
  }
  return { issues, warnings };
}

const NOTHING_SEEN: Seen = { tasks: NO_NAMES, variables: NO_NAMES, functions: NO_NAMES, error: false, items: false };

/** The variables that are set before one of them. */
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

/** The first names, for a message. */
function listed(names: Names): string {
  const first: string[] = [];
  for (const name of names) {
    if (first.length === 20) return `${first.join(', ')} and more`;
    first.push(name);
  }
  return first.join(', ');
}

/** Finds what a task reads that no path leading to it can have set: variables, and tasks that only come after it. */
function earlyReadsOf({ tasks, variables, graph, cleanup }: Program, declared: ReadonlySet<string>) {
  const cleaning = reachable(cleanup.entries, graph.following);
  const set = new Set(variables.map(([name]) => name));
  const initial = new Set([...set, ...declared]);
  const publishers = new Map<string, string[]>();
  for (const task of tasks.values()) {
    for (const name of new Set(publishedBy(task))) {
      const known = publishers.get(name);
      if (known === undefined) publishers.set(name, [task.name]);
      else known.push(task.name);
    }
  }
  const { follows, followingAny } = followersOf(graph);
  const setBefore = new Map(
    [...publishers].map(([name, setters]) => [name, { own: new Set(setters), following: followingAny(setters) }]),
  );
  return ({ at, task: reading }: Extract<Reader, { task: string }>, references: readonly Reference[]): Issue[] => {
    // The cleanup sees what all branches have set.
    if (references.length === 0 || cleaning.has(reading)) return [];
    const sawItself = at === 'end' || tasks.get(reading)!.transitions.some(({ retry }) => retry);
    const before = (name: string): boolean => follows(reading, name) || (name === reading && sawItself);
    return references.flatMap(({ path, field }): Issue[] => {
      const { root, keys, guarded, called, line, column } = path;
      if (guarded || called !== null) return [];
      const within = ['variables', 'vars'].includes(root);
      const ofTask = ['task', 'tasks'].includes(root);
      const name = String(within || ofTask ? keys[0] : root);
      const early = (message: string): Issue[] => [{ code: 'read_too_early', path: field, message, line, column }];
      const setters = ofTask ? undefined : setBefore.get(name);
      if (setters !== undefined) {
        if ((!within && initial.has(name)) || set.has(name)) return [];
        if (setters.following.has(reading) || (sawItself && setters.own.has(reading))) return [];
        return early(`no path to "${reading}" sets the variable "${name}"`);
      }
      if (within || initial.has(name) || !tasks.has(name) || before(name) || !follows(name, reading)) return [];
      return early(`"${name}" only runs after "${reading}"`);
    });
  };
}
