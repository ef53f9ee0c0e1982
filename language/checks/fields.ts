import { isTemplate } from '../../expression/delimiters.ts';
import type { Task } from '../../model/definition.ts';
import type { Issue } from '../../model/issue.ts';

/** Finds fields of a task that contradict each other, have no effect, or are of another type than a template may give. */
export function checkFields(task: Task, path: string): Issue[] {
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
