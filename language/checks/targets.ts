import type { Task } from '../../model/definition.ts';
import type { Issue, Suggestions } from '../../model/issue.ts';
import { DO_WORDS, TRANSITION_WORDS } from '../../model/words.ts';
import { namedTargets } from '../transitions.ts';

/** Finds targets of a task's transitions that do not exist, stand twice, or are words that have no place there. */
export function checkTargets(task: Task, path: string, names: ReadonlySet<string>, suggestions: Suggestions): Issue[] {
  return namedTargets(task).flatMap(({ field, words, bare }) => {
    const allowed: readonly string[] = field.startsWith('next/') ? DO_WORDS : TRANSITION_WORDS;
    const before = new Set<string>();
    return words.flatMap((word, index) => {
      const fault = before.has(word)
        ? { code: 'duplicate_target', message: `duplicate target "${word}"` }
        : targetFault(word, words.length, { names, allowed, suggestions });
      before.add(word);
      if (fault === null) return [];
      return { code: fault.code, path: `${path}/${field}${bare ? '' : `/${index}`}`, message: fault.message };
    });
  });
}

interface Targets {
  names: ReadonlySet<string>;
  /** Words that may stand in place of a task. */
  allowed: readonly string[];
  suggestions: Suggestions;
}

/** Says why a word of so many cannot be a target; null: it can. */
function targetFault(
  word: string,
  count: number,
  { names, allowed, suggestions }: Targets,
): { code: string; message: string } | null {
  if (word === 'retry' && !allowed.includes(word)) {
    return { code: 'unknown_word', message: '"retry" is only allowed in the "do" of a "next"' };
  }
  if (word === 'retry' && count > 1) {
    return { code: 'retry_not_alone', message: '"retry" must be the only word in its "do"' };
  }
  if (names.has(word) || allowed.includes(word)) return null;
  const message = `unknown task "${word}".${suggestions.didYouMean(word, names, allowed)}`;
  return { code: 'unknown_task', message };
}

/** Finds names in `start` or `on_cancel` that no task has, or that stand twice; `bare`: one name stands without a list. */
export function checkNames(
  given: readonly string[],
  base: string,
  names: ReadonlySet<string>,
  suggestions: Suggestions,
  bare = false,
): Issue[] {
  const before = new Set<string>();
  return given.flatMap((name, index) => {
    const path = bare ? base : `${base}/${index}`;
    if (!names.has(name)) {
      const message = `unknown task "${name}".${suggestions.didYouMean(name, names)}`;
      return [{ code: 'unknown_task', path, message }];
    }
    if (!before.has(name)) {
      before.add(name);
      return [];
    }
    return [{ code: 'duplicate_target', path, message: `duplicate task "${name}"` }];
  });
}
