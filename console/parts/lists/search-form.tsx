import type { ComponentChildren } from 'preact';
import { useFilterFields } from './filter-fields.ts';

/**
 * The filters of a list, as a form whose fields are named after the parameters of the address: each takes effect when it is left, and a button
 * takes all of them away.
 */
export function SearchForm({
  name,
  filters,
  class: looks = '',
  children,
}: {
  name: string;
  /** The parameters of the address that are filters. */
  filters: readonly string[];
  class?: string;
  /** The fields. */
  children: ComponentChildren;
}) {
  const { form, isFiltered, apply, clear } = useFilterFields(filters);
  return (
    // biome-ignore lint/a11y/useSemanticElements: not every reader knows the element for searches
    <form
      class={`filters ${looks}`}
      role="search"
      aria-label={name}
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
      onChange={apply}
    >
      {children}
      <button type="submit" class="hidden" tabIndex={-1} aria-hidden="true">
        Filter
      </button>
      {isFiltered && (
        <button type="button" class="button quiet" onClick={clear}>
          Clear filters
        </button>
      )}
    </form>
  );
}
