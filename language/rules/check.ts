import { listContents, type Statement } from '../../expression/ast.ts';
import { isReservedType, patternPrefix } from '../../model/events/type-pattern.ts';
import { type Issue, Suggestions } from '../../model/issue.ts';
import type { JsonObject } from '../../model/json.ts';
import { refMismatch } from '../../model/pack-issues.ts';
import type { DraftedFields, RuleDraft } from '../../model/rules/draft.ts';
import type { Compilation, Reference, TemplateValue } from '../templates/value.ts';
import type { Validation } from '../validate.ts';
import { findConditionWarnings } from './advice.ts';
import { compileTemplates } from './compiler.ts';
import { checkParameters, PARAMETERS_WANTED } from './parameters.ts';
import { checkChance, RuleReferences } from './references.ts';

/** The things that a rule names: of each kind the one that it names, if that exists, or else the names that exist, for hints. */
export interface RuleSurroundings {
  pack: { found: boolean; names: readonly string[] };
  /** The trigger that it names, or else the one that declares its type. */
  trigger: { found: { type: string; schema: JsonObject | null } | null; names: readonly string[] };
  /** The workflow or the action to start. */
  target: { found: RuleTarget | null; names: readonly string[] };
  /** Whether there is the webhook that it names, if it names one. Names of webhooks are no hints: not everybody who writes rules may list them. */
  hasWebhook: boolean;
}

/** The workflow or action that a rule starts, as it is when the rule is written. */
export interface RuleTarget {
  paramSchema: JsonObject | null;
  enabled: boolean;
  /** Whether it has the version that the rule asks for, if it asks for one. */
  hasVersion: boolean;
}

/** Finds everything that is wrong with a rule, with pointers from the root of its body, and warnings about it. */
export function checkRule(draft: RuleDraft, around: RuleSurroundings, suggestions = new Suggestions()): Validation {
  const { fields } = draft;
  const { when = null, parameters = {} } = fields;
  const key = fields.dedupe === undefined ? draft.key : (fields.dedupe?.key ?? null);
  const warnings: Issue[] = [];
  const references: Reference[] = [];
  const issues = [
    ...draft.issues,
    ...(fields.ref === undefined || fields.pack_ref === undefined
      ? []
      : refMismatch({ ref: fields.ref, pack_ref: fields.pack_ref })),
    ...checkAlternatives(draft),
    ...checkNames(fields, around, suggestions),
  ];
  const compilation: Compilation = { issues, references, secrets: 'refused', suggestions, warnings };
  const compiled = compileTemplates({ when, parameters, key }, compilation);
  const schema = around.trigger.found?.schema ?? null;
  const checker = new RuleReferences(schema, suggestions);
  for (const reference of references) checker.check(reference);
  const templates = [compiled.when, compiled.parameters, compiled.key].filter((each) => each !== null);
  issues.push(...checker.issues, ...templates.flatMap(checkChance));
  issues.push(
    ...checkParameters(parameters, around.target.found?.paramSchema ?? null, targetField(fields), suggestions),
    ...checkWholeTemplate(compiled.parameters),
  );
  if (compiled.when !== null) warnings.push(...findConditionWarnings(compiled.when, references, schema));
  warnings.push(...typeWarnings(fields, around, references));
  return { issues, warnings: issues.length > 0 ? [] : warnings };
}

/** Finds a template for the parameters as a whole that cannot yield an object: it is a text, or has no value. */
function checkWholeTemplate(parameters: TemplateValue): Issue[] {
  if (parameters.kind !== 'template' || parameters.path !== '/parameters') return [];
  const { statements } = parameters.template;
  const isText = statements.some(({ kind }) => kind === 'text' || kind === 'apply');
  if (!isText && hasOutput(statements)) return [];
  return [{ code: 'type_invalid', path: '/parameters', message: PARAMETERS_WANTED }];
}

/** Reports whether statements have an expression in braces; the value of the only one that is reached is that of the template. */
function hasOutput(statements: readonly Statement[]): boolean {
  return statements.some((each) => each.kind === 'output' || listContents(each).bodies.some(hasOutput));
}

function targetField({ action_ref: action }: DraftedFields): '/workflow' | '/action_ref' {
  return action == null ? '/workflow' : '/action_ref';
}

function checkAlternatives({ fields, malformed }: RuleDraft): Issue[] {
  const pairs = [
    ['type', 'trigger_ref'],
    ['workflow', 'action_ref'],
  ] as const;
  return pairs.flatMap(([first, second]) => {
    const path = `/${first}`;
    const given = [first, second].filter((name) => fields[name] != null);
    const isDoubled = given.length === 2 || (given.length === 1 && (malformed.has(first) || malformed.has(second)));
    if (isDoubled) return [{ code: 'value_invalid', path, message: `cannot be combined with "${second}"` }];
    if (given.length === 1 || malformed.has(first) || malformed.has(second)) return [];
    return [{ code: 'required', path, message: `is required, or "${second}"` }];
  });
}

/** Finds packs, triggers, workflows and actions that do not exist. */
function checkNames(fields: DraftedFields, around: RuleSurroundings, suggestions: Suggestions): Issue[] {
  const { pack_ref: pack, trigger_ref: trigger, workflow, action_ref: action, version } = fields;
  const unknown = (kind: string, path: string, ref: string, names: readonly string[]): Issue => ({
    code: `unknown_${kind}`,
    path,
    message: `unknown ${kind} "${ref}".${suggestions.didYouMean(ref, names)}`,
  });
  const issues: Issue[] = [];
  if (pack !== undefined && !around.pack.found) issues.push(unknown('pack', '/pack_ref', pack, around.pack.names));
  if (trigger != null && around.trigger.found === null) {
    issues.push(unknown('trigger', '/trigger_ref', trigger, around.trigger.names));
  }
  const { found, names } = around.target;
  if (workflow != null && action == null) {
    if (found === null) issues.push(unknown('workflow', '/workflow', workflow, names));
    else if (version != null && !found.hasVersion) {
      const message = `workflow "${workflow}" has no version ${version}`;
      issues.push({ code: 'unknown_version', path: '/version', message });
    }
  } else if (action != null && workflow == null) {
    if (found === null) issues.push(unknown('action', '/action_ref', action, names));
    if (version != null) {
      issues.push({ code: 'without_effect', path: '/version', message: 'has no effect on an action' });
    }
  }
  return issues;
}

/** Warns of rules that match more than is likely to be meant, or nothing, and of workflows that cannot be started now. */
function typeWarnings(
  { type, webhook, when, workflow, allow_loops: allowsLoops }: DraftedFields,
  { trigger, target, hasWebhook }: RuleSurroundings,
  references: readonly Reference[],
): Issue[] {
  const warnings: Issue[] = [];
  const path = type == null ? '/trigger_ref' : '/type';
  const pattern = type ?? trigger.found?.type ?? '';
  if (pattern === '*' && when == null && webhook == null) {
    const message = 'every event from outside matches: give a narrower "type", a "webhook" or a condition';
    warnings.push({ code: 'matches_everything', path, message });
  }
  // The condition decides by what has ended.
  const isSelective = references.some(
    ({ field, path: { root, keys } }) =>
      field === '/when' && root === 'event' && (keys[0] === 'subject' || /^workflow/.test(String(keys[1]))),
  );
  if (isReservedType(patternPrefix(pattern) ?? pattern) && !isSelective) {
    const effect =
      allowsLoops === true ? 'and are followed by others, up to eight' : 'and nothing is started for those';
    const message = `the executions that it starts send such events, too, ${effect}: say in "when" which workflows are meant, as in event.payload.workflow == "ops.deploy"`;
    warnings.push({ code: 'may_loop', path, message });
  }
  if (webhook != null && !hasWebhook) {
    const message = `there is no webhook "${webhook}": no event matches until there is one`;
    warnings.push({ code: 'unknown_webhook', path: '/webhook', message });
  }
  if (workflow != null && target.found?.enabled === false) {
    const message = `workflow "${workflow}" is disabled: nothing is started until it is enabled`;
    warnings.push({ code: 'workflow_disabled', path: '/workflow', message });
  }
  return warnings;
}
