import { isTemplate } from '../expression/template.ts';
import type { BuiltinAction } from '../model/builtin-actions.ts';
import type { Definition, Task } from '../model/definition.ts';
import { headerIssues } from '../model/http-input.ts';
import { inquiryRequest } from '../model/inquiry.ts';
import { type Issue, Suggestions, valueAt } from '../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { SchemaError } from '../model/schema/document.ts';
import { validateBySchema } from '../model/schema/validate.ts';
import type { SchemaIssue } from '../model/schema/walk.ts';
import { DO_WORDS, TRANSITION_WORDS } from '../model/words.ts';
import { WorkMeter } from '../model/work.ts';
import { defaultWarnings } from './checks/default-warnings.ts';
import { checkGraph } from './checks/graph.ts';
import { requestIssues } from './checks/inquiries.ts';
import { createCertainty, type Gaps } from './checks/partial-definition.ts';
import { compileDefinition } from './definition-compiler.ts';
import { cleanupEntries, type Program } from './program.ts';
import { checkReferences } from './references.ts';
import { hasSecrets } from './templates/value.ts';
import { namedTargets, reachable } from './transitions.ts';

/** What is known about an action when a definition is written. */
export interface KnownAction {
  param_schema: JsonObject | null;
  /** Fermata's own workers run it: they alone can put secrets in. */
  own?: true;
  /** What runs it; only workers and workflows know timeouts. */
  runs: BuiltinAction['runs'] | 'workflow';
}

/** Most work of checking all inputs of one definition, in units. */
const INPUT_WORK = 1_000_000;

/** Issues refuse a definition; warnings come along with a success. */
export interface Validation {
  issues: Issue[];
  warnings: Issue[];
}

/**
 * Everything that can be found wrong with a definition, whose shape has been checked, before it runs. With gaps, only
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
  const names: ReadonlySet<string> = new Set(program.tasks.keys());
  const meter = new WorkMeter(INPUT_WORK);
  for (const [index, task] of definition.tasks.entries()) {
    const path = `/definition/tasks/${index}`;
    issues.push(...targetIssues(task, path, names, suggestions), ...fieldIssues(task, path));
    checkAction(task, path, actions, { issues, warnings }, meter, suggestions);
    const compiled = program.tasks.get(task.name);
    const action = actions.get(task.action);
    if (action === undefined || action.own || compiled === undefined || !hasSecrets(compiled.input)) continue;
    const message = `secrets are not allowed in the input of "${task.action}", which is not run by Fermata's own workers`;
    issues.push({ code: 'secret_misplaced', path: `${path}/input`, message });
  }
  const references = checkReferences(program, paramSchema, suggestions);
  issues.push(...references.issues);
  warnings.push(...references.warnings);
  issues.push(...namedIssues(definition.start ?? [], '/definition/start', names, suggestions));
  const onCancel = cleanupEntries(definition);
  issues.push(
    ...namedIssues(onCancel, '/definition/on_cancel', names, suggestions, typeof definition.on_cancel === 'string'),
  );
  issues.push(...cleanupIssues(program), ...hookIssues(definition, actions, suggestions));
  if (gaps !== null) return { issues: issues.filter(createCertainty(gaps)), warnings: [] };
  warnings.push(...shadowWarnings(program));
  if (issues.length === 0) {
    const graph = checkGraph(program);
    issues.push(...graph.issues);
    warnings.push(...graph.warnings);
  }
  return { issues, warnings };
}

function targetIssues(task: Task, path: string, names: ReadonlySet<string>, suggestions: Suggestions): Issue[] {
  const issues: Issue[] = [];
  for (const { field, words, bare } of namedTargets(task)) {
    const allowed: readonly string[] = field.startsWith('next/') ? DO_WORDS : TRANSITION_WORDS;
    const before = new Set<string>();
    for (const [index, word] of words.entries()) {
      const place = `${path}/${field}${bare ? '' : `/${index}`}`;
      if (before.has(word)) {
        issues.push({ code: 'duplicate_target', path: place, message: `duplicate target "${word}"` });
      } else if (word === 'retry' && !allowed.includes(word)) {
        const message = '"retry" is only allowed in the "do" of a "next"';
        issues.push({ code: 'unknown_word', path: place, message });
      } else if (word === 'retry' && words.length > 1) {
        issues.push({ code: 'retry_not_alone', path: place, message: '"retry" must be the only word in its "do"' });
      } else if (!names.has(word) && !allowed.includes(word)) {
        const message = `unknown task "${word}".${suggestions.didYouMean(word, names, allowed)}`;
        issues.push({ code: 'unknown_task', path: place, message });
      }
      before.add(word);
    }
  }
  return issues;
}

/** Fields that contradict each other, or would be without effect. */
function fieldIssues(task: Task, path: string): Issue[] {
  const issues: Issue[] = [];
  for (const field of ['on_success', 'on_failure', 'on_complete'] as const) {
    if (task.next === undefined || task[field] === undefined) continue;
    const message = `cannot be combined with "next": use "when" in "next" instead`;
    issues.push({ code: 'next_beside_on', path: `${path}/${field}`, message });
  }
  for (const field of ['factor', 'max_delay'] as const) {
    if (task.retry?.[field] === undefined || task.retry.backoff === 'exponential') continue;
    const message = 'has no effect without "backoff": "exponential"';
    issues.push({ code: 'without_effect', path: `${path}/retry/${field}`, message });
  }
  for (const field of ['concurrency', 'on_item_failure'] as const) {
    if (task[field] === undefined || task.with_items !== undefined) continue;
    issues.push({ code: 'without_effect', path: `${path}/${field}`, message: 'has no effect without "with_items"' });
  }
  const kinds = { delay: 'a number of seconds', concurrency: 'a number', with_items: 'a list' };
  for (const [field, kind] of Object.entries(kinds)) {
    const value = task[field as keyof typeof kinds];
    if (typeof value !== 'string' || isTemplate(value)) continue;
    issues.push({
      code: 'type_invalid',
      path: `${path}/${field}`,
      message: `must be ${kind}, or a template that evaluates to one`,
    });
  }
  return issues;
}

/** Names of tasks in a list of the definition itself. */
function namedIssues(
  given: readonly string[],
  base: string,
  names: ReadonlySet<string>,
  suggestions: Suggestions,
  bare = false,
): Issue[] {
  const before = new Set<string>();
  return given.flatMap((name, index) => {
    const path = bare ? base : `${base}/${index}`;
    if (!names.has(name)) {
      const message = `unknown task "${name}".${suggestions.didYouMean(name, names)}`;
      return [{ code: 'unknown_task', path, message }];
    }
    if (!before.has(name)) {
      before.add(name);
      return [];
    }
    return [{ code: 'duplicate_target', path, message: `duplicate task "${name}"` }];
  });
}

/** Nobody is there to answer while a run is being stopped. */
function cleanupIssues({ definition, tasks, graph }: Program): Issue[] {
  return [...reachable(cleanupEntries(definition), graph.following)].flatMap((name) => {
    const task = tasks.get(name);
    if (task?.action !== 'core.inquiry') return [];
    const message = 'inquiries are not allowed in tasks that run after "on_cancel"';
    return [{ code: 'inquiry_in_cleanup', path: `/definition/tasks/${task.index}/action`, message }];
  });
}

/** What is started after a failure is a workflow. */
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

function checkAction(
  task: Task,
  path: string,
  actions: ReadonlyMap<string, KnownAction>,
  { issues, warnings }: Validation,
  meter: WorkMeter,
  suggestions: Suggestions,
): void {
  const action = actions.get(task.action);
  if (action === undefined) {
    const message = `unknown action "${task.action}".${suggestions.didYouMean(task.action, actions.keys())}`;
    issues.push({ code: 'unknown_action', path: `${path}/action`, message });
    return;
  }
  if (task.timeout !== undefined && action.runs !== 'worker' && action.runs !== 'workflow') {
    const hint = action.runs === 'signal' || action.runs === 'inquiry' ? '; use the timeout in its input' : '';
    const message = `has no effect: no worker runs "${task.action}"${hint}`;
    // Where it could be taken for a limit of a wait it would mislead; elsewhere it says what is true anyway.
    const found = action.runs === 'inline' ? warnings : issues;
    found.push({ code: 'without_effect', path: `${path}/timeout`, message });
  }
  if (action.runs === 'inquiry') {
    issues.push(...inquiryIssues(task, path));
    warnings.push(...inquiryWarnings(task, path));
  }
  if (task.action === 'core.delay') issues.push(...delayIssues(task, path));
  if (task.action === 'core.http') issues.push(...headerIssues(task.input ?? {}, `${path}/input`));
  if (action.param_schema === null) return;
  const input = task.input ?? {};
  let found: SchemaIssue[];
  try {
    found = validateBySchema(action.param_schema, input, `${path}/input`, meter);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    const { path: place, message } = error.problem;
    const told = `invalid param_schema of "${task.action}": ${place} ${message}`;
    issues.push({ code: 'schema_invalid', path: `${path}/action`, message: told });
    return;
  }
  for (const { keyword, ...issue } of found) {
    const exceeded = issue.code === 'limit_exceeded';
    // What a template renders to is only known when the task runs.
    if (!exceeded && hasTemplate(valueAt(input, issue.path.slice(`${path}/input`.length)))) continue;
    if (keyword === 'required') warnings.push({ ...issue, code: 'input_missing' });
    else if (issue.code === 'unknown_field') issues.push(unknownField(issue, action.param_schema, suggestions));
    else issues.push({ ...issue, code: 'input_invalid' });
  }
}

/** A delay ends after some seconds or at a time, and not both. */
function delayIssues({ input = {} }: Task, path: string): Issue[] {
  if (!isJsonObject(input)) return [];
  const { seconds, until } = input;
  if ((seconds === undefined) !== (until === undefined)) return [];
  const message = `needs "seconds" or "until"${until === undefined ? '' : ', and not both'}`;
  return [{ code: 'input_invalid', path: `${path}/input`, message }];
}

/** What is wrong with a question to people, as far as no template decides it. */
function inquiryIssues({ retry, input = {} }: Task, path: string): Issue[] {
  const issues: Issue[] = [];
  if (retry !== undefined && retry.when === undefined) {
    const message = 'has no effect without "when": an answer does not cause another attempt';
    issues.push({ code: 'without_effect', path: `${path}/retry`, message });
  }
  if (!isJsonObject(input) || [input.options, input.approvers, input.groups].some((part) => hasTemplate(part)))
    return issues;
  return [
    ...issues,
    ...requestIssues(inquiryRequest(input)).map((issue) => ({
      code: 'input_invalid',
      path: `${path}/input${issue.path}`,
      message: issue.message,
    })),
  ];
}

/** Several people fill in a form each, and templates that read `response` see the last one alone. */
function inquiryWarnings({ input = {} }: Task, path: string): Issue[] {
  if (!isJsonObject(input) || input.response_schema === undefined) return [];
  const { quorum } = input;
  if (typeof quorum !== 'number' || quorum <= 1) return [];
  const message = `${quorum} people fill in the form: output.responses has each response, output.response only the last`;
  return [{ code: 'several_forms', path: `${path}/input/response_schema`, message }];
}

function unknownField(issue: Issue, schema: JsonObject, suggestions: Suggestions): Issue {
  const field = issue.path.split('/').at(-1)!;
  const known = isJsonObject(schema.properties) ? Object.keys(schema.properties) : [];
  return { ...issue, message: `unknown field "${field}".${suggestions.didYouMean(field, known)}` };
}

function hasTemplate(value: Json | undefined): boolean {
  if (typeof value === 'string') return isTemplate(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasTemplate);
}
