import type { Definition } from '../model/definition.ts';
import { type Issue, Suggestions } from '../model/issue.ts';
import type { JsonObject } from '../model/json.ts';
import { checkAction, createActionCheckContext, type KnownAction } from './checks/actions.ts';
import { defaultWarnings } from './checks/default-warnings.ts';
import { checkFields } from './checks/fields.ts';
import { checkGraph } from './checks/graph.ts';
import { createCertainty, type Gaps } from './checks/partial-definition.ts';
import { checkReferences } from './checks/references.ts';
import { checkNames, checkTargets } from './checks/targets.ts';
import { compileDefinition } from './definition-compiler.ts';
import { cleanupEntries, type Program } from './program.ts';
import { reachable } from './transitions.ts';

/** The findings about a definition: issues refuse it, warnings accompany a success. */
export interface Validation {
  issues: Issue[];
  warnings: Issue[];
}

/**
 * Finds everything wrong with a definition, whose shape has been checked, before it runs. With gaps, only
 * the issues that hold whatever was meant there, and no warnings.
 */
export function validateDefinition(
  definition: Definition,
  paramSchema: JsonObject | null,
  actions: ReadonlyMap<string, KnownAction>,
  suggestions = new Suggestions(),
  gaps: Gaps | null = null,
): Validation {
  const warnings: Issue[] = paramSchema === null ? [] : defaultWarnings(paramSchema, '/param_schema');
  const program = compileDefinition(definition, true, suggestions, warnings);
  const issues = [...program.issues];
  const add = (found: Validation): void => {
    issues.push(...found.issues);
    warnings.push(...found.warnings);
  };
  const names: ReadonlySet<string> = new Set(program.tasks.keys());
  const context = createActionCheckContext(actions, suggestions);
  for (const [index, task] of definition.tasks.entries()) {
    const path = `/definition/tasks/${index}`;
    issues.push(...checkTargets(task, path, names, suggestions), ...checkFields(task, path));
    add(checkAction(task, program.tasks.get(task.name)?.input, path, context));
  }
  add(checkReferences(program, paramSchema, suggestions));
  issues.push(
    ...entryIssues(definition, names, suggestions),
    ...cleanupIssues(program),
    ...hookIssues(definition, actions, suggestions),
  );
  if (gaps !== null) return { issues: issues.filter(createCertainty(gaps)), warnings: [] };
  warnings.push(...shadowWarnings(program));
  if (issues.length === 0) add(checkGraph(program));
  return { issues, warnings };
}

/** Finds names in `start` and `on_cancel` that cannot stand there. */
function entryIssues(definition: Definition, names: ReadonlySet<string>, suggestions: Suggestions): Issue[] {
  const { start = [], on_cancel: onCancel } = definition;
  const entries = cleanupEntries(definition);
  return [
    ...checkNames(start, '/definition/start', names, suggestions),
    ...checkNames(entries, '/definition/on_cancel', names, suggestions, typeof onCancel === 'string'),
  ];
}

/** Finds inquiries in the cleanup: nobody is there to answer while a run is being stopped. */
function cleanupIssues({ definition, tasks, graph }: Program): Issue[] {
  return [...reachable(cleanupEntries(definition), graph.following)].flatMap((name) => {
    const task = tasks.get(name);
    if (task?.action !== 'core.inquiry') return [];
    const message = 'inquiries are not allowed in tasks that run after "on_cancel"';
    return [{ code: 'inquiry_in_cleanup', path: `/definition/tasks/${task.index}/action`, message }];
  });
}

/** Finds an `on_failure` that names no workflow. */
function hookIssues(
  { on_failure: ref }: Definition,
  actions: ReadonlyMap<string, KnownAction>,
  suggestions: Suggestions,
): Issue[] {
  if (ref === undefined || actions.get(ref)?.runs === 'workflow') return [];
  const workflows = [...actions].flatMap(([known, { runs }]) => (runs === 'workflow' ? [known] : []));
  const message = `unknown workflow "${ref}".${suggestions.didYouMean(ref, workflows)}`;
  return [{ code: 'unknown_workflow', path: '/definition/on_failure', message }];
}

function shadowWarnings({ tasks, variables }: Program): Issue[] {
  const warnings: Issue[] = [];
  const shadow = (name: string, path: string): void => {
    if (!tasks.has(name)) return;
    const message = `the variable "${name}" hides the task of the same name: use "task.${name}" for the task`;
    warnings.push({ code: 'shadowed_task', path, message });
  };
  for (const [name] of variables) shadow(name, `/definition/variables/${name}`);
  for (const { index, publish, transitions } of tasks.values()) {
    for (const [name] of publish) shadow(name, `/definition/tasks/${index}/publish/${name}`);
    for (const [at, transition] of transitions.entries()) {
      for (const [name] of transition.publish) shadow(name, `/definition/tasks/${index}/next/${at}/publish/${name}`);
    }
  }
  return warnings;
}
