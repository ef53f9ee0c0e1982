import { type Arguments, namesOf } from '../../expression/ast.ts';
import { argumentFault, parseSignature } from '../../expression/signature.ts';
import type { Issue, Suggestions } from '../../model/issue.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { END_FUNCTIONS } from '../../model/words.ts';
import type { Program } from '../program.ts';
import type { Reference } from '../templates/value.ts';
import { EarlyReads } from './early-reads.ts';
import { createVisibility, GLOBALS, type Names, RUN_FUNCTIONS, type Visible } from './visibility.ts';

const TASK_FIELDS: Names = new Set(['output', 'status', 'error', 'attempts']);
const ERROR_FIELDS: Names = new Set(['type', 'message', 'task', 'action', 'attempt', 'code', 'details', 'cause']);
const WORKFLOW_FIELDS: Names = new Set(['param', 'ref', 'version']);
const EXECUTION_FIELDS: Names = new Set(['id', 'scheduled_at', 'schedule']);

/** The functions of a run take no arguments. */
const NO_ARGUMENTS = parseSignature('');

/** Checks the names that templates read against what a definition can ever have. */
export function checkReferences(
  program: Program,
  paramSchema: JsonObject | null,
  suggestions: Suggestions,
): { issues: Issue[]; warnings: Issue[] } {
  const declared = new Set(isJsonObject(paramSchema?.properties) ? Object.keys(paramSchema.properties) : []);
  const closed = paramSchema?.additionalProperties === false;
  const checker = new ReferenceChecker(declared, closed, suggestions);
  const visibleTo = createVisibility(program);
  const earlyReads = new EarlyReads(program, declared);
  for (const { reader, references } of program.readings) {
    const visible = visibleTo(reader);
    for (const reference of references) checker.check(reference, visible);
    if (reader.at === 'task' || reader.at === 'end') checker.warnings.push(...earlyReads.find(reader, references));
  }
  return { issues: checker.issues, warnings: checker.warnings };
}

/** Checks references one by one, and gathers what is wrong with them. */
class ReferenceChecker {
  readonly issues: Issue[] = [];
  readonly warnings: Issue[] = [];
  /** Parameters that the schema names; `closed`: there are no others. */
  readonly #declared: ReadonlySet<string>;
  readonly #closed: boolean;
  readonly #suggestions: Suggestions;

  constructor(declared: ReadonlySet<string>, closed: boolean, suggestions: Suggestions) {
    this.#declared = declared;
    this.#closed = closed;
    this.#suggestions = suggestions;
  }

  check(reference: Reference, visible: Visible): void {
    const { called, guarded } = reference.path;
    if (called !== null) this.#checkCall(reference, called, visible);
    else if (!guarded && !this.#checkRoot(reference, visible)) this.#checkName(reference, visible);
  }

  #issue({ path: { line, column }, field }: Reference, message: string, code = 'unknown_name'): Issue {
    return { code, path: field, message, line, column };
  }

  #refuse(reference: Reference, message: string): void {
    this.issues.push(this.#issue(reference, message));
  }

  /** Refuses a reference whose key at an index is not a known one; `of` names the owner of the key. */
  #expectKey(reference: Reference, index: number, of: string, known: Names): void {
    const key = reference.path.keys[index];
    if (key === undefined) this.#refuse(reference, `"${of}" is not a value; its fields are: ${listed(known)}`);
    else if (!known.has(String(key))) {
      this.#refuse(reference, `"${of}" has no "${key}".${this.#suggestions.didYouMean(String(key), known)}`);
    }
  }

  /** Does the same where a key may be missing. */
  #expectAnyKey(reference: Reference, index: number, of: string, known: Names): void {
    if (reference.path.keys[index] !== undefined) this.#expectKey(reference, index, of, known);
  }

  #checkCall(reference: Reference, { positional, named }: Arguments, { functions }: Visible): void {
    const { root } = reference.path;
    if (functions.has(root)) {
      const fault = argumentFault(root, NO_ARGUMENTS, positional.length, namesOf({ positional, named }));
      if (fault !== null) this.issues.push(this.#issue(reference, fault, 'argument_invalid'));
    }
    if (functions.has(root) || GLOBALS.has(root)) return;
    const message = isEndFunction(root)
      ? `"${root}()" is only available once a task has ended: in when, publish and retry.when`
      : `unknown function "${root}".${this.#suggestions.didYouMean(root, [...functions, ...GLOBALS])}`;
    this.#refuse(reference, message);
  }

  /** Checks a name that the language gives a meaning; false: it has none. */
  #checkRoot(reference: Reference, visible: Visible): boolean {
    const { root, keys } = reference.path;
    switch (root) {
      case 'workflow':
        this.#expectKey(reference, 0, 'workflow', WORKFLOW_FIELDS);
        if (keys[0] === 'param' && this.#closed) this.#expectAnyKey(reference, 1, 'workflow.param', this.#declared);
        return true;
      case 'parameters':
        if (this.#closed) this.#expectAnyKey(reference, 0, 'parameters', this.#declared);
        return true;
      case 'execution':
        if (visible.execution) this.#expectKey(reference, 0, 'execution', EXECUTION_FIELDS);
        else this.#refuse(reference, '"execution" is not available before the run has started');
        return true;
      case 'variables':
      case 'vars':
        this.#expectAnyKey(reference, 0, root, visible.variables);
        return true;
      case 'task':
      case 'tasks':
        this.#expectKey(reference, 0, root, visible.tasks);
        this.#expectAnyKey(reference, 1, `${root}.${keys[0]}`, TASK_FIELDS);
        return true;
      case 'item':
      case 'index':
        if (visible.items) return true;
        this.#refuse(reference, `"${root}" is only available in the input and retry.when of a task with items`);
        return true;
      case 'error':
        if (visible.error) this.#expectAnyKey(reference, 0, 'error', ERROR_FIELDS);
        else this.#refuse(reference, '"error" is not available before the first task');
        return true;
      default:
        return false;
    }
  }

  /** Checks a name that must be a variable, a task or a parameter. */
  #checkName(reference: Reference, { variables, tasks }: Visible): void {
    const { root } = reference.path;
    if (isEndFunction(root) || RUN_FUNCTIONS.includes(root)) {
      this.#refuse(reference, `"${root}" is a function: use ${root}()`);
      return;
    }
    if (variables.has(root) || this.#declared.has(root)) return;
    if (tasks.has(root)) {
      this.#expectAnyKey(reference, 0, root, TASK_FIELDS);
      return;
    }
    const near = this.#suggestions.didYouMean(root, variables, this.#declared, tasks);
    if (this.#closed) this.#refuse(reference, `unknown name "${root}".${near}`);
    else {
      const message = `"${root}" is not a variable, a task or a parameter of the schema.${near}`;
      this.warnings.push(this.#issue(reference, message));
    }
  }
}

function isEndFunction(name: string): boolean {
  return (END_FUNCTIONS as readonly string[]).includes(name);
}

/** Writes the first 20 names, for a message. */
function listed(names: Names): string {
  const first: string[] = [];
  for (const name of names) {
    if (first.length === 20) return `${first.join(', ')} and more`;
    first.push(name);
  }
  return first.join(', ');
}
