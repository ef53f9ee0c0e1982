import { EvaluationError, TemplateError } from '../../expression/errors.ts';
import { Evaluator, type Scope } from '../../expression/evaluator.ts';
import { listPaths, type ReadPath } from '../../expression/paths.ts';
import { plain } from '../../expression/spelling.ts';
import type { Template } from '../../expression/template.ts';
import type { Json } from '../../model/json.ts';
import { type Preview, preview, SHOWN_PATHS } from '../../model/preview.ts';
import { END_FUNCTIONS } from '../../model/words.ts';
import type { TemplateValue } from './value.ts';

/** The beginning of a value that a condition reads, by its path as people write it; null: there was none. */
export interface ReadValue {
  path: string;
  value: Preview | null;
}

/** The functions that only say how it is: calling them draws no number. */
const PURE = [...END_FUNCTIONS, 'now'];

const kept = new WeakMap<Template, ReadPath[]>();

/**
 * Returns the values of the paths that a condition names, as they are now; values that take more than the meter of their scope allows are
 * left out. They are evaluated once more, each in a separate scope: give it scopes whose work nobody counts.
 */
export function readValues(condition: TemplateValue, createScope: () => Scope): ReadValue[] {
  if (condition.kind !== 'template') return [];
  return pathsOf(condition.template).flatMap(({ text: path, of }): ReadValue[] => {
    try {
      const evaluator = new Evaluator(createScope());
      const value = plain(evaluator.evaluate(of), evaluator.budget) as Json; // what leaves the engine is plain
      return [{ path, value: preview(value) }];
    } catch (error) {
      return isLimit(error) ? [] : [{ path, value: null }];
    }
  });
}

function isLimit(error: unknown): boolean {
  return (error instanceof TemplateError || error instanceof EvaluationError) && error.kind === 'limit';
}

function pathsOf(template: Template): ReadPath[] {
  const paths = kept.get(template) ?? listPaths(template.statements, { pure: PURE, most: SHOWN_PATHS });
  kept.set(template, paths);
  return paths;
}
