import { isTemplate } from '../expression/template.ts';
import type { Definition, Task } from '../model/definition.ts';
import { didYouMean, type Issue } from '../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { TRANSITION_WORDS } from '../model/words.ts';
import { compileDefinition, type Program } from './program.ts';
import { referenceChecker } from './references.ts';
import { validateJson } from './schema.ts';

/** What is known about an action when a definition is written. */
export interface KnownAction {
  param_schema: JsonObject | null;
}

/** Issues refuse a definition; warnings come along with a success. */
export interface Validation {
  issues: Issue[];
  warnings: Issue[];
}

/** Everything that can be found wrong with a definition, whose shape has been checked, before it runs. */
export function validateDefinition(
  definition: Definition,
  paramSchema: JsonObject | null,
  actions: ReadonlyMap<string, KnownAction>,
): Validation {
  const program = compileDefinition(definition);
  const issues = [...program.issues];
  const warnings: Issue[] = [];
  const names = [...program.tasks.keys()];
  const checkReferences = referenceChecker(program, paramSchema, issues, warnings);
  for (const [index, task] of definition.tasks.entries()) {
    const path = `/definition/tasks/${index}`;
    checkTargets(task, path, names, issues);
    checkAction(task, path, actions, issues, warnings);
    checkReferences.task(task.name);
  }
  checkReferences.variables();
  checkStart(definition, names, issues);
  if (issues.length === 0) checkGraph(definition, program, issues, warnings);
  return { issues, warnings };
}

function checkTargets(task: Task, path: string, names: string[], issues: Issue[]): void {
  for (const field of ['on_success', 'on_failure', 'on_complete'] as const) {
    const value = task[field];
    if (value === undefined) continue;
    const targets = typeof value === 'string' ? [value] : value;
    for (const [index, target] of targets.entries()) {
      const place = typeof value === 'string' ? `${path}/${field}` : `${path}/${field}/${index}`;
      if (target === 'retry') {
        issues.push({ code: 'unknown_word', path: place, message: 'the word "retry" is not supported here' });
      } else if (!names.includes(target) && !(TRANSITION_WORDS as readonly string[]).includes(target)) {
        const message = `there is no task "${target}".${didYouMean(target, [...names, ...TRANSITION_WORDS])}`;
        issues.push({ code: 'unknown_task', path: place, message });
      } else if (targets.indexOf(target) !== index) {
        issues.push({ code: 'duplicate_target', path: place, message: `"${target}" stands here twice` });
      }
    }
  }
}

function checkAction(
  task: Task,
  path: string,
  actions: ReadonlyMap<string, KnownAction>,
  issues: Issue[],
  warnings: Issue[],
): void {
  const action = actions.get(task.action);
  if (action === undefined) {
    const message = `there is no action "${task.action}".${didYouMean(task.action, actions.keys())}`;
    issues.push({ code: 'unknown_action', path: `${path}/action`, message });
    return;
  }
  if (action.param_schema === null) return;
  const input = task.input ?? {};
  for (const { keyword, ...issue } of validateJson(action.param_schema, input, `${path}/input`)) {
    // What a template renders to is only known when the task runs.
    if (hasTemplate(valueAt(input, issue.path.slice(`${path}/input`.length)))) continue;
    if (keyword === 'required') warnings.push({ ...issue, code: 'input_missing' });
    else if (issue.code === 'unknown_field') issues.push(unknownField(issue, action.param_schema));
    else issues.push({ ...issue, code: 'input_invalid' });
  }
}

function unknownField(issue: Issue, schema: JsonObject): Issue {
  const field = issue.path.split('/').at(-1)!;
  const known = isJsonObject(schema.properties) ? Object.keys(schema.properties) : [];
  return { ...issue, message: `unknown field "${field}".${didYouMean(field, known)}` };
}

function hasTemplate(value: Json | undefined): boolean {
  if (typeof value === 'string') return isTemplate(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasTemplate);
}

function valueAt(value: Json, pointer: string): Json | undefined {
  let current: Json | undefined = value;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as JsonObject)[key];
  }
  return current;
}

function checkStart(definition: Definition, names: string[], issues: Issue[]): void {
  for (const [index, name] of (definition.start ?? []).entries()) {
    const path = `/definition/start/${index}`;
    if (!names.includes(name)) {
      issues.push({ code: 'unknown_task', path, message: `there is no task "${name}".${didYouMean(name, names)}` });
    } else if (definition.start?.indexOf(name) !== index) {
      issues.push({ code: 'duplicate_target', path, message: `"${name}" stands here twice` });
    }
  }
}

/** Entries, isolated and unreachable tasks, several arrivals (design/language.md, Order). */
function checkGraph(definition: Definition, program: Program, issues: Issue[], warnings: Issue[]): void {
  if (program.order === 'list') return;
  if (program.entries.length === 0) {
    issues.push({
      code: 'no_entry',
      path: '/definition/tasks',
      message: 'every task is led to by another one, so none can be first; say which with "start"',
    });
    return;
  }
  const following = new Map(
    [...program.tasks.values()].map(({ name, transitions }) => [name, transitions.flatMap(({ targets }) => targets)]),
  );
  const inbound = new Map<string, Set<string>>();
  for (const [name, targets] of following) {
    for (const target of targets) inbound.set(target, (inbound.get(target) ?? new Set()).add(name));
  }
  const reached = reachable(program.entries, following);
  for (const [index, { name }] of definition.tasks.entries()) {
    const path = `/definition/tasks/${index}`;
    const alone = !inbound.has(name) && following.get(name)?.length === 0;
    if (alone && definition.tasks.length > 1 && !definition.start?.includes(name)) {
      const message = `no transition leads to "${name}" or away from it; name it in "start" if it is to run by itself`;
      issues.push({ code: 'isolated_task', path, message });
    } else if (!reached.has(name)) {
      issues.push({ code: 'unreachable_task', path, message: `no path leads to "${name}"` });
    } else if ((inbound.get(name)?.size ?? 0) > 1 && !reachable(following.get(name) ?? [], following).has(name)) {
      const message = `"${name}" runs once for each arrival; several tasks lead to it`;
      warnings.push({ code: 'several_arrivals', path, message });
    }
  }
}

function reachable(from: readonly string[], following: ReadonlyMap<string, string[]>): Set<string> {
  const reached = new Set(from);
  for (const name of reached) for (const target of following.get(name) ?? []) reached.add(target);
  return reached;
}
