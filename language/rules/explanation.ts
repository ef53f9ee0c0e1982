import type { Expression } from '../../expression/ast.ts';
import { TemplateError } from '../../expression/errors.ts';
import type { Scope } from '../../expression/evaluator.ts';
import { writeExpression } from '../../expression/source-text.ts';
import { renderTemplate } from '../../expression/template.ts';
import type { TemplateEvent } from '../../model/events/event.ts';
import type { Json } from '../../model/json.ts';
import { WorkMeter } from '../../model/work.ts';
import type { CompiledRule } from './compiler.ts';
import { CONDITION_WORK, createRuleScope } from './matching.ts';

/** Most work of evaluating all parts of a condition. */
const EXPLANATION_WORK = 10 * CONDITION_WORK;

/** Most characters of a value that is shown, as JSON, and of the text of a part. */
const MAX_SHOWN = 1_024;

/** Most parts of a condition that are explained; conditions of people have far fewer. */
const MAX_PARTS = 500;

/** A value, or why there is none. A value that is too long to be shown is the beginning of its JSON. */
export type EvaluatedPart = { value: Json; cut?: true } | { error: { code: TemplateError['kind']; message: string } };

/** How a condition comes to its value. */
export type ConditionExplanation = { text: string } & EvaluatedPart & {
    /** The operands of a comparison. */
    operands?: ({ text: string } & EvaluatedPart)[];
    /** The parts of `and`, `or` and `not`. */
    parts?: ConditionExplanation[];
  };

/** Explains the condition of a rule for an event: every part of it is evaluated, also those that could be left out. Null without one. */
export function explainRule(rule: CompiledRule, event: TemplateEvent): ConditionExplanation | null {
  if (rule.when?.kind !== 'template') return null;
  const [statement] = rule.when.template.statements;
  if (statement?.kind !== 'output') return null;
  const whole = createRuleScope(rule, event, CONDITION_WORK);
  const explainer = new Explainer(createRuleScope(rule, event, new WorkMeter(EXPLANATION_WORK)));
  // The condition itself may do as much work as in planning, whatever its parts have done.
  return explainer.explain(statement.of, evaluate(statement.of, whole));
}

class Explainer {
  readonly #scope: Scope;
  #left = MAX_PARTS;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  explain(expression: Expression, evaluated = evaluate(expression, this.#scope)): ConditionExplanation {
    const said = { text: shorten(writeExpression(expression)), ...evaluated };
    if (this.#left <= 0) return said;
    if (expression.kind === 'compare') {
      const operands = [expression.first, ...expression.rest.map(({ right }) => right)];
      this.#left -= operands.length;
      const explained = operands.map((each) => ({
        text: shorten(writeExpression(each)),
        ...evaluate(each, this.#scope),
      }));
      return { ...said, operands: explained };
    }
    const parts = listConditions(expression);
    this.#left -= parts.length;
    return parts.length === 0 ? said : { ...said, parts: parts.map((part) => this.explain(part)) };
  }
}

/** Returns what `and`, `or` and `not` combine: `a and b and c` has three parts. */
function listConditions(expression: Expression): Expression[] {
  if (expression.kind === 'unary' && expression.operator === 'not') return [expression.of];
  if (expression.kind !== 'binary' || (expression.operator !== 'and' && expression.operator !== 'or')) return [];
  const { operator } = expression;
  const parts: Expression[] = [];
  let left: Expression = expression;
  while (left.kind === 'binary' && left.operator === operator) {
    parts.unshift(left.right);
    left = left.left;
  }
  return [left, ...parts];
}

function evaluate(of: Expression, scope: Scope): EvaluatedPart {
  try {
    // A rendered value is plain.
    return show(renderTemplate({ statements: [{ kind: 'output', of }] }, scope) as Json);
  } catch (error) {
    if (error instanceof TemplateError) return { error: { code: error.kind, message: error.message } };
    throw error;
  }
}

function show(value: Json): EvaluatedPart {
  const text = JSON.stringify(value);
  return text.length <= MAX_SHOWN ? { value } : { value: shorten(text), cut: true };
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`.toWellFormed();
}
