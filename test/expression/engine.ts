import { type Dialect, NEWEST_DIALECT } from '../../expression/dialect.ts';
import { TemplateError } from '../../expression/errors.ts';
import { compileTemplate, renderTemplate } from '../../expression/template.ts';
import { Callable, defined, type Value } from '../../expression/values.ts';
import type { WorkMeter } from '../../model/work.ts';

/** Renders a template over data and host functions (name → the result of a call, or a field of it); a meter counts its work. */
export function render(
  template: string,
  data: Record<string, Value> = {},
  functions: Record<string, Value> = {},
  meter?: WorkMeter,
  dialect: Dialect = NEWEST_DIALECT,
): Value {
  const called = Object.entries(functions).map(([name, result]): [string, Value] => [
    name,
    new Callable(([field = null]) => {
      const key = defined(field);
      return name === 'ctx' && typeof key === 'string' ? ((result as Record<string, Value>)[key] ?? null) : result;
    }, '* **'),
  ]);
  const all: Record<string, Value> = { ...data, ...Object.fromEntries(called) };
  return renderTemplate(compileTemplate(template), {
    lookup: (root) => (Object.hasOwn(all, root) ? all[root] : undefined),
    names: () => Object.keys(all),
    random: () => 0.5,
    dialect,
    ...(meter === undefined ? {} : { meter }),
  });
}

/** The error that a template ends in; anything but a TemplateError, or none, fails the test. */
export function failure(
  template: string,
  data: Record<string, Value> = {},
  meter?: WorkMeter,
  dialect: Dialect = NEWEST_DIALECT,
): TemplateError {
  try {
    render(template, data, {}, meter, dialect);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error(`${template} did not fail`);
}
