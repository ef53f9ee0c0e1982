import type { BuiltinAction } from '../../model/builtin-actions.ts';
import type { Task } from '../../model/definition.ts';
import { httpInputIssues } from '../../model/http-input.ts';
import { inquiryRequest } from '../../model/inquiry.ts';
import type { Issue, Suggestions } from '../../model/issue.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { SchemaError } from '../../model/schema/document.ts';
import { validateBySchema } from '../../model/schema/validate.ts';
import type { SchemaIssue } from '../../model/schema/walk.ts';
import { WorkMeter } from '../../model/work.ts';
import { hasSecrets, type TemplateValue } from '../templates/value.ts';
import { hasTemplate, sortMismatches } from './inputs.ts';
import { checkInquiryRequest } from './inquiries.ts';

/** An action as it is known when a definition is written. */
export interface KnownAction {
  param_schema: JsonObject | null;
  /** Fermata's own workers run it: they alone can put secrets in. */
  own?: true;
  /** The part of Fermata that runs it; only workers and workflows know timeouts. */
  runs: BuiltinAction['runs'] | 'workflow';
}

/** Most work of checking all inputs of one definition, in units. */
const INPUT_WORK = 1_000_000;

/** The actions that a definition may use, and what their checks share. */
export interface ActionCheckContext {
  actions: ReadonlyMap<string, KnownAction>;
  suggestions: Suggestions;
  /** Bounds the checks of all inputs of one definition together. */
  meter: WorkMeter;
}

/** Creates what the checks of one definition's tasks share. */
export function createActionCheckContext(
  actions: ReadonlyMap<string, KnownAction>,
  suggestions: Suggestions,
): ActionCheckContext {
  return { actions, suggestions, meter: new WorkMeter(INPUT_WORK) };
}

/** Checks the action of a task, and its input as far as no template decides it; `input` is the compiled one, if the task compiles. */
export function checkAction(
  task: Task,
  input: TemplateValue | undefined,
  path: string,
  context: ActionCheckContext,
): { issues: Issue[]; warnings: Issue[] } {
  const { actions, suggestions } = context;
  const action = actions.get(task.action);
  if (action === undefined) {
    const message = `unknown action "${task.action}".${suggestions.didYouMean(task.action, actions.keys())}`;
    return { issues: [{ code: 'unknown_action', path: `${path}/action`, message }], warnings: [] };
  }
  const timeout = timeoutIssues(task, action, path);
  // Where it could be taken for a limit of a wait, a timeout would mislead; elsewhere it is true anyway.
  const isMisleading = action.runs !== 'inline';
  const byInput = checkInput(task, action, path, context);
  return {
    issues: [
      ...(isMisleading ? timeout : []),
      ...(action.runs === 'inquiry' ? inquiryIssues(task, path) : []),
      ...(task.action === 'core.delay' ? delayIssues(task, path) : []),
      ...(task.action === 'core.http' ? httpInputIssues(task.input ?? {}, `${path}/input`, hasTemplate) : []),
      ...byInput.issues,
      ...secretIssues(task, action, input, path),
    ],
    warnings: [
      ...(isMisleading ? [] : timeout),
      ...(action.runs === 'inquiry' ? inquiryWarnings(task, path) : []),
      ...byInput.warnings,
    ],
  };
}

function timeoutIssues({ action: ref, timeout }: Task, { runs }: KnownAction, path: string): Issue[] {
  if (timeout === undefined || runs === 'worker' || runs === 'workflow') return [];
  const hint = runs === 'signal' || runs === 'inquiry' ? '; use the timeout in its input' : '';
  const message = `has no effect: no worker runs "${ref}"${hint}`;
  return [{ code: 'without_effect', path: `${path}/timeout`, message }];
}

/** Checks the input of a task by the schema of its action. */
function checkInput(
  task: Task,
  { param_schema: schema }: KnownAction,
  path: string,
  { meter, suggestions }: ActionCheckContext,
): { issues: Issue[]; warnings: Issue[] } {
  if (schema === null) return { issues: [], warnings: [] };
  const input = task.input ?? {};
  let found: SchemaIssue[];
  try {
    found = validateBySchema(schema, input, `${path}/input`, meter);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    const { path: place, message: problem } = error.problem;
    const message = `invalid param_schema of "${task.action}": ${place} ${problem}`;
    return { issues: [{ code: 'schema_invalid', path: `${path}/action`, message }], warnings: [] };
  }
  const { wrong, absent } = sortMismatches(found, { input, base: `${path}/input`, schema, suggestions });
  return { issues: wrong, warnings: absent };
}

/** Finds secrets in the input of an action that other workers run. */
function secretIssues(
  { action: ref }: Task,
  { own }: KnownAction,
  input: TemplateValue | undefined,
  path: string,
): Issue[] {
  if (own || input === undefined || !hasSecrets(input)) return [];
  const message = `secrets are not allowed in the input of "${ref}", which is not run by Fermata's own workers`;
  return [{ code: 'secret_misplaced', path: `${path}/input`, message }];
}

/** Finds a delay with neither a number of seconds nor a time, or with both. */
function delayIssues({ input = {} }: Task, path: string): Issue[] {
  if (!isJsonObject(input)) return [];
  const { seconds, until } = input;
  if ((seconds === undefined) !== (until === undefined)) return [];
  const message = `needs "seconds" or "until"${until === undefined ? '' : ', and not both'}`;
  return [{ code: 'input_invalid', path: `${path}/input`, message }];
}

/** Finds what is wrong with an inquiry, as far as no template decides it. */
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
    ...checkInquiryRequest(inquiryRequest(input)).map((issue) => ({
      code: 'input_invalid',
      path: `${path}/input${issue.path}`,
      message: issue.message,
    })),
  ];
}

/** Warns of an inquiry in which several people fill in a form: templates that read `response` see the last one alone. */
function inquiryWarnings({ input = {} }: Task, path: string): Issue[] {
  if (!isJsonObject(input) || input.response_schema === undefined) return [];
  const { quorum } = input;
  if (typeof quorum !== 'number' || quorum <= 1) return [];
  const message = `${quorum} people fill in the form: output.responses has each response, output.response only the last`;
  return [{ code: 'several_forms', path: `${path}/input/response_schema`, message }];
}
