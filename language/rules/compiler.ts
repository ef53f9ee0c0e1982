import type { Issue } from '../../model/issue.ts';
import type { RuleContent, RuleName } from '../../model/rules/rule.ts';
import {
  type Compilation,
  compileCondition,
  compileValue,
  createCompilation,
  type TemplateValue,
} from '../templates/value.ts';

/** A revision of a rule, ready to be applied to events. */
export interface CompiledRule {
  readonly name: RuleName;
  readonly content: RuleContent;
  /** Null: every event of its type matches. */
  readonly when: TemplateValue | null;
  readonly parameters: TemplateValue;
  /** The key of `dedupe`; null without one. */
  readonly key: TemplateValue | null;
  /** The issue of a template that another version of Fermata accepted when the rule was written; null: there is none. */
  readonly fault: Issue | null;
}

/** Compiles a revision of a rule. */
export function compileRule(name: RuleName, content: RuleContent): CompiledRule {
  const issues: Issue[] = [];
  const { when, parameters, dedupe } = content;
  const templates = compileTemplates({ when, parameters, key: dedupe?.key ?? null }, createCompilation(issues));
  return { name, content, ...templates, fault: issues[0] ?? null };
}

/** The parts of a rule that have templates. */
export interface RuleTemplates extends Pick<RuleContent, 'when' | 'parameters'> {
  /** The key of `dedupe`; null without one. */
  key: string | null;
}

/** Compiles the templates of a rule; what is wrong with them becomes issues of the compilation. */
export function compileTemplates(
  { when, parameters, key }: RuleTemplates,
  compilation: Compilation,
): Pick<CompiledRule, 'when' | 'parameters' | 'key'> {
  return {
    when: when === null ? null : compileCondition(when, '/when', compilation),
    parameters: compileValue(parameters, '/parameters', compilation),
    key: key === null ? null : compileValue(key, '/dedupe/key', compilation),
  };
}
