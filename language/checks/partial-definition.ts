import { type Definition, DefinitionSchema } from '../../model/definition.ts';
import { type Issue, jsonPointer } from '../../model/issue.ts';
import { isJsonObject, type Json, type JsonObject, jsonDepth, MAX_DEPTH } from '../../model/json.ts';

/** The unknown parts of a definition in which parts were replaced by stand-ins or left out. */
export interface Gaps {
  /** Pointers of these parts. */
  places: string[];
  /** Pointers of the tasks that have such a part. */
  tasks: string[];
  /** Whether there are tasks whose names are unknown. */
  tasksUnknown: boolean;
  /** Whether there may be variables whose names are unknown. */
  variablesUnknown: boolean;
}

/** A definition that can be examined, and its unknown parts; null: there are none. */
export interface PartialDefinition {
  definition: Definition;
  gaps: Gaps | null;
}

/** Rounds of replacing: a stand-in can only be wrong if it is in a place that was replaced too. */
const MAX_ROUNDS = 3;

/** An action that does not exist. */
const NO_ACTION = '_._';

/** Stand-ins for required parts, by their place; other invalid parts are left out. */
const STAND_INS: Record<string, (name: () => string) => Json> = {
  tasks: (name) => [{ name: name(), action: NO_ACTION }],
  'tasks/*': (name) => ({ name: name(), action: NO_ACTION }),
  'tasks/*/name': (name) => name(),
  'tasks/*/action': () => NO_ACTION,
  'tasks/*/next/*': () => ({}),
  'tasks/*/retry/count': () => 0,
  'concurrency_key/key': () => '-',
};

/** Lists whose entries are replaced one by one; other lists are replaced as a whole. */
const LISTS = new Set(['tasks', 'tasks/*/next']);

/** Parts without which not all tasks, or not all variables, are known. */
const NAMES_OF_TASKS = new Set(['tasks', 'tasks/*', 'tasks/*/name']);
const NAMES_OF_VARIABLES = /^(variables|tasks\/\*\/(next\/\*\/)?publish)(\/|$)|^tasks\/\*\/next(\/\*)?$/;

/** Codes that depend on tasks, or on names in templates, which may stand in a part that is unknown. */
const ABOUT_TASKS = new Set(['unknown_task', 'unknown_name']);
/** Codes that depend on the other fields of a task. */
const ABOUT_FIELDS = new Set(['without_effect', 'unknown_name']);
/** Codes that depend on the graph as a whole. */
const ABOUT_GRAPH = new Set(['inquiry_in_cleanup']);

/**
 * Makes a definition out of a value whose shape may be wrong, so that its other parts can be examined: each part without the right
 * shape is left out, or replaced by something harmless. Returns null when nothing is left to examine. Pure; the value stays as it is.
 */
export function partialDefinition(value: Json | undefined): PartialDefinition | null {
  if (!isJsonObject(value) || jsonDepth(value, MAX_DEPTH) > MAX_DEPTH) return null;
  const whole = DefinitionSchema.safeParse(value);
  if (whole.success) return { definition: whole.data, gaps: null };
  const draft = new Draft(value);
  let { issues } = whole.error;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    for (const issue of issues) {
      if (issue.code === 'unrecognized_keys') for (const key of issue.keys) draft.leaveOut([...issue.path, key]);
      else draft.replace(issue.path);
    }
    const parsed = DefinitionSchema.safeParse(draft.value);
    if (parsed.success) return { definition: parsed.data, gaps: draft.gaps };
    issues = parsed.error.issues;
  }
  return null;
}

/** Returns whether an issue of a partial definition holds whatever the unknown parts were meant to be. */
export function createCertainty(gaps: Gaps): (issue: Issue) => boolean {
  const places = new Set(gaps.places);
  const tasks = new Set(gaps.tasks);
  return ({ code, path }) => {
    if (ABOUT_GRAPH.has(code)) return false;
    if (gaps.tasksUnknown && ABOUT_TASKS.has(code)) return false;
    if (gaps.variablesUnknown && code === 'unknown_name') return false;
    const above = pointersAbove(path);
    if (above.some((pointer) => places.has(pointer))) return false;
    // A field that an input lacks may stand there under a wrong name.
    if (code === 'input_invalid' && path.endsWith('/input') && tasks.has(path.slice(0, -'/input'.length))) return false;
    return !ABOUT_FIELDS.has(code) || !above.some((pointer) => tasks.has(pointer));
  };
}

/** A copy of a definition in which parts can be replaced. */
class Draft {
  readonly value: JsonObject;
  readonly gaps: Gaps = { places: [], tasks: [], tasksUnknown: false, variablesUnknown: false };
  readonly #names: Set<unknown>;

  constructor(value: JsonObject) {
    this.value = copyOf(value) as JsonObject;
    const { tasks } = value;
    this.#names = new Set(Array.isArray(tasks) ? tasks.map((task) => isJsonObject(task) && task.name) : []);
  }

  /** Leaves out an unknown field. A list or an object in it may have been meant to name variables. */
  leaveOut(path: readonly PropertyKey[]): void {
    const { parent, key } = this.#placeOf(path);
    if (parent === null) return;
    if (typeof parent[key] === 'object') this.gaps.variablesUnknown = true;
    delete parent[key];
    this.#note(path);
  }

  /** Replaces the value at a path, or the smallest part around it that other parts of the definition do not need. */
  replace(path: readonly PropertyKey[]): void {
    const end = path.findIndex((part, at) => typeof part === 'number' && !LISTS.has(patternOf(path.slice(0, at))));
    const part = end === -1 ? path : path.slice(0, end);
    const pattern = patternOf(part);
    const { parent, key } = this.#placeOf(part);
    if (parent === null) return;
    const standIn = STAND_INS[pattern];
    if (standIn === undefined) delete parent[key];
    else parent[key] = standIn(() => this.#freeName());
    if (NAMES_OF_TASKS.has(pattern)) this.gaps.tasksUnknown = true;
    if (NAMES_OF_VARIABLES.test(pattern)) this.gaps.variablesUnknown = true;
    this.#note(part);
  }

  #note(path: readonly PropertyKey[]): void {
    this.gaps.places.push(`/definition${jsonPointer(path)}`);
    const [first, index] = path;
    if (first === 'tasks' && index !== undefined) this.gaps.tasks.push(`/definition${jsonPointer([first, index])}`);
  }

  /** Finds the parent of the last part of a path; null: it has been replaced already. */
  #placeOf(path: readonly PropertyKey[]): { parent: Record<PropertyKey, Json> | null; key: PropertyKey } {
    let parent: unknown = this.value;
    for (const part of path.slice(0, -1)) {
      parent = typeof parent === 'object' && parent !== null ? (parent as Record<PropertyKey, unknown>)[part] : null;
    }
    const isHolder = typeof parent === 'object' && parent !== null && path.length > 0;
    return { parent: isHolder ? (parent as Record<PropertyKey, Json>) : null, key: path.at(-1) ?? '' };
  }

  #freeName(): string {
    for (let number = this.#names.size; ; number += 1) {
      const name = `stand_in_${number}`;
      if (this.#names.has(name)) continue;
      this.#names.add(name);
      return name;
    }
  }
}

function copyOf(value: Json): Json {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, copyOf(entry)]));
}

/** Returns a path with its indexes as `*`. */
function patternOf(path: readonly PropertyKey[]): string {
  return path.map((part) => (typeof part === 'number' ? '*' : String(part))).join('/');
}

/** Returns a pointer and those of everything around it. */
function pointersAbove(pointer: string): string[] {
  const found = [pointer];
  for (let end = pointer.lastIndexOf('/'); end > 0; end = pointer.lastIndexOf('/', end - 1)) {
    found.push(pointer.slice(0, end));
  }
  return found;
}
