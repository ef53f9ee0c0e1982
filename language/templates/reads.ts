import type { Scope } from '../../expression/evaluator.ts';
import { listPaths, type ReadPath } from '../../expression/paths.ts';
import { renderTemplate, type Template } from '../../expression/template.ts';
import type { Json } from '../../model/json.ts';
import { END_FUNCTIONS } from '../../model/words.ts';
import type { TemplateValue } from './value.ts';

/** A value that a condition reads, by its path as people write it; absent where there is none. */
export interface ReadValue {
  path: string;
  value?: Json;
}

/** The functions that only say how it is: calling them draws no number. */
const PURE = [...END_FUNCTIONS, 'now'];

const kept = new WeakMap<Template, ReadPath[]>();

/** Returns the values that a condition reads. They are evaluated once more: give it a scope of which nobody counts the work. */
export function readValues(condition: TemplateValue, scope: Scope): ReadValue[] {
  if (condition.kind !== 'template') return [];
  return pathsOf(condition.template).map(({ text: path, of }) => {
    try {
      return { path, value: renderTemplate({ statements: [{ kind: 'output', of }] }, scope) as Json }; // what leaves the engine is plain
    } catch {
      return { path };
    }
  });
}

function pathsOf(template: Template): ReadPath[] {
  const paths = kept.get(template) ?? listPaths(template.statements, PURE);
  kept.set(template, paths);
  return paths;
}
