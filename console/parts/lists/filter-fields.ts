import { useLayoutEffect, useRef } from 'preact/hooks';
import { go, hrefWith, pageQuery } from '../../routing/location.ts';

/**
 * Keeps the fields of a form equal to the parameters of the address that have their names. The fields themselves stay when the address changes,
 * so that none of them loses the focus.
 */
export function useFilterFields(names: readonly string[]) {
  const form = useRef<HTMLFormElement>(null);
  const query = pageQuery.value;
  const applied = names.map((name) => query.get(name) ?? '');
  const key = applied.join('\n');
  // In the frame that shows them: later, it would undo what somebody has typed.
  useLayoutEffect(() => {
    for (const [at, name] of names.entries()) {
      const field = form.current?.elements.namedItem(name);
      if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = applied[at]!;
    }
  }, [key]);

  function show(values: readonly (readonly [string, string | null])[]) {
    const href = hrefWith({ ...Object.fromEntries(values), page: null });
    if (href !== location.pathname + location.search) go(href);
  }

  return {
    form,
    isFiltered: applied.some((value) => value !== ''),
    /** Lists what the fields say. */
    apply() {
      const wanted = new FormData(form.current!);
      show(names.map((name) => [name, String(wanted.get(name) ?? '').trim() || null]));
    },
    /** Lists everything. The button that does it is gone then; the first field has the focus. */
    clear() {
      show(names.map((name) => [name, null]));
      form.current?.querySelector<HTMLElement>('input:not([type=hidden]), select')?.focus();
    },
  };
}
