import { didYouMean, type Issue } from '../model/issue.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import type { Program } from './program.ts';
import type { Reference } from './template-value.ts';

const TASK_FIELDS = ['output', 'status', 'error'];
const ERROR_FIELDS = ['type', 'message', 'task', 'action', 'attempt', 'code', 'details', 'cause'];
const FUNCTIONS = ['now', 'range', 'dict', 'namespace'];
const WORKFLOW_FIELDS = ['param', 'ref', 'version'];

/** The names that templates can see (design/language.md, Names), checked against what a definition can ever have. */
export function referenceChecker(
  program: Program,
  paramSchema: JsonObject | null,
  issues: Issue[],
  warnings: Issue[],
): { task(name: string): void; variables(): void } {
  const tasks = [...program.tasks.keys()];
  const variables = program.variables.map(([name]) => name);
  const declared = isJsonObject(paramSchema?.properties) ? Object.keys(paramSchema.properties) : [];
  const closed = paramSchema?.additionalProperties === false;

  const check = (reference: Reference, seen: { tasks: string[]; variables: string[] }): void => {
    const { path, field } = reference;
    const { root, keys, guarded, called, line, column } = path;
    const at = (message: string): Issue => ({ code: 'unknown_name', path: field, message, line, column });
    const expectKey = (index: number, of: string, known: readonly string[]): void => {
      const key = keys[index];
      if (key !== undefined && known.includes(String(key))) return;
      const what =
        key === undefined ? `"${of}" alone is no value` : `"${of}" has no "${key}".${didYouMean(String(key), known)}`;
      issues.push(at(`${what}${key === undefined ? ` ; it has: ${known.join(', ')}` : ''}`.replace(' ;', ';')));
    };
    if (called) {
      if (root !== 'now') issues.push(at(`there is no function "${root}".${didYouMean(root, FUNCTIONS)}`));
      return;
    }
    if (guarded) return;
    switch (root) {
      case 'workflow':
        expectKey(0, 'workflow', WORKFLOW_FIELDS);
        if (keys[0] === 'param' && keys[1] !== undefined && closed) expectKey(1, 'workflow.param', declared);
        return;
      case 'parameters':
        if (keys[0] !== undefined && closed) expectKey(0, 'parameters', declared);
        return;
      case 'execution':
        expectKey(0, 'execution', ['id']);
        return;
      case 'variables':
      case 'vars':
        if (keys[0] !== undefined) expectKey(0, root, seen.variables);
        return;
      case 'task':
      case 'tasks':
        expectKey(0, root, seen.tasks);
        if (keys[1] !== undefined) expectKey(1, `${root}.${keys[0]}`, TASK_FIELDS);
        return;
      case 'error':
        if (keys[0] !== undefined) expectKey(0, 'error', ERROR_FIELDS);
        return;
    }
    if (seen.variables.includes(root) || declared.includes(root)) return;
    if (seen.tasks.includes(root)) {
      if (keys[0] !== undefined) expectKey(0, root, TASK_FIELDS);
      return;
    }
    const near = didYouMean(root, [...seen.variables, ...declared, ...seen.tasks]);
    if (closed) issues.push(at(`nothing here is named "${root}".${near}`));
    else warnings.push(at(`"${root}" is neither a variable, nor a task, nor a parameter of the schema.${near}`));
  };

  return {
    task: (name) => {
      for (const reference of program.references.tasks.get(name) ?? []) check(reference, { tasks, variables });
    },
    variables: () => {
      for (const [index, references] of program.references.variables.entries()) {
        for (const reference of references) check(reference, { tasks: [], variables: variables.slice(0, index) });
      }
    },
  };
}
