import type { TemplatePath } from '../../expression/analyze.ts';
import type { Issue } from '../../model/issue.ts';
import { type Program, publishedBy } from '../program.ts';
import { type Followers, findFollowers } from '../task-graph.ts';
import type { Reader } from '../templates/compiler.ts';
import type { Reference } from '../templates/value.ts';
import { reachable } from '../transitions.ts';

/** Readers that belong to a task. */
export type TaskReader = Extract<Reader, { task: string }>;

/** The tasks that publish a variable, and those to which a path leads from any of them. */
interface Setters {
  own: ReadonlySet<string>;
  following: { has(task: string): boolean };
}

/** Finds reads of names that no path to the reading task can have set: variables, and tasks that only come after it. */
export class EarlyReads {
  readonly #tasks: Program['tasks'];
  /** Tasks that see what all branches have set. */
  readonly #cleanup: ReadonlySet<string>;
  readonly #variables: ReadonlySet<string>;
  readonly #declared: ReadonlySet<string>;
  readonly #setters: ReadonlyMap<string, Setters>;
  readonly #follows: Followers['follows'];

  /** `declared`: the parameters that the schema names. */
  constructor(program: Program, declared: ReadonlySet<string>) {
    const { follows, followingAny } = findFollowers(program.graph);
    this.#tasks = program.tasks;
    this.#cleanup = reachable(program.cleanup.entries, program.graph.following);
    this.#variables = new Set(program.variables.map(([name]) => name));
    this.#declared = declared;
    this.#setters = new Map(
      [...publishersOf(program)].map(([name, tasks]) => [
        name,
        { own: new Set(tasks), following: followingAny(tasks) },
      ]),
    );
    this.#follows = follows;
  }

  /** Returns a warning for each such read among the references of a task. */
  find(reader: TaskReader, references: readonly Reference[]): Issue[] {
    if (references.length === 0 || this.#cleanup.has(reader.task)) return [];
    const sawItself = reader.at === 'end' || this.#tasks.get(reader.task)!.transitions.some(({ retry }) => retry);
    return references.flatMap(({ path, field }): Issue[] => {
      if (path.guarded || path.called !== null) return [];
      const message = this.#fault(path, reader.task, sawItself);
      if (message === null) return [];
      return [{ code: 'read_too_early', path: field, message, line: path.line, column: path.column }];
    });
  }

  /** Says why a read comes too early; null: it does not. `sawItself`: the task may have ended before it reads. */
  #fault({ root, keys }: TemplatePath, reading: string, sawItself: boolean): string | null {
    const ofVariables = root === 'variables' || root === 'vars';
    const ofTasks = root === 'task' || root === 'tasks';
    const name = String(ofVariables || ofTasks ? keys[0] : root);
    const isInitial = this.#variables.has(name) || this.#declared.has(name);
    const setters = ofTasks ? undefined : this.#setters.get(name);
    if (setters !== undefined) {
      const isSet = this.#variables.has(name) || (isInitial && !ofVariables);
      const mayFollow = setters.following.has(reading) || (sawItself && setters.own.has(reading));
      return isSet || mayFollow ? null : `no path to "${reading}" sets the variable "${name}"`;
    }
    if (ofVariables || isInitial || !this.#tasks.has(name)) return null;
    const mayHaveEnded = this.#follows(reading, name) || (name === reading && sawItself);
    return mayHaveEnded || !this.#follows(name, reading) ? null : `"${name}" only runs after "${reading}"`;
  }
}

/** Returns the tasks that publish each variable. */
function publishersOf({ tasks }: Program): Map<string, string[]> {
  const publishers = new Map<string, string[]>();
  for (const task of tasks.values()) {
    for (const name of new Set(publishedBy(task))) {
      const known = publishers.get(name);
      if (known === undefined) publishers.set(name, [task.name]);
      else known.push(task.name);
    }
  }
  return publishers;
}
