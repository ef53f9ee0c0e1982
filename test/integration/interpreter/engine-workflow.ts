import { TemplateError } from '../../../expression/errors.ts';
import type { Value } from '../../../expression/values.ts';
import { render } from '../../expression/engine.ts';

/** Renders templates inside Temporal's sandbox: what each gives, or the kind of its error. */
export async function renderAll(
  cases: { template: string; context: Record<string, Value>; functions?: Record<string, Value> }[],
): Promise<({ value: Value } | { error: string })[]> {
  return cases.map(({ template, context, functions }) => {
    try {
      return { value: render(template, context, functions) };
    } catch (error) {
      if (error instanceof TemplateError) return { error: error.kind };
      throw error;
    }
  });
}
