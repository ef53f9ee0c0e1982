import { analyze } from '../../expression/analyze.ts';
import { NEWEST_DIALECT } from '../../expression/dialect.ts';
import { EvaluationError, TemplateError } from '../../expression/errors.ts';
import { Renderer } from '../../expression/renderer.ts';
import { compileTemplate } from '../../expression/template.ts';
import type { Value } from '../../expression/values.ts';
import { CONTEXT } from './context.ts';

/** The output of a template as text, or its refusal. */
export type Answer = { text: string } | { error: string };

const context = CONTEXT as unknown as Record<string, Value>; // JSON, which values are

const scope = {
  lookup: (root: string) => (Object.hasOwn(context, root) ? context[root] : undefined),
  names: () => Object.keys(context),
  dialect: NEWEST_DIALECT,
};

/** Renders a template with Fermata, as text: the spelling of a value shows its type. */
export function renderAnswer(template: string): Answer {
  try {
    const { statements } = compileTemplate(template);
    const [unknown] = analyze(statements).unknown;
    if (unknown !== undefined) return { error: `there is no ${unknown.what} '${unknown.name}'` };
    const renderer = new Renderer(scope);
    // A text behind it makes everything text, nothing included.
    return { text: renderer.render([...statements, { kind: 'text', text: '' }]) as string };
  } catch (error) {
    if (error instanceof TemplateError || error instanceof EvaluationError) return { error: error.message };
    throw error;
  }
}
