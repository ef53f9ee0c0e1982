import { go, hrefWith, pageQuery } from '../../routing/location.ts';

/** A filter of a list, which the address has under the name that the API gives it: a text, or one of some values. */
export interface ListFilter {
  name: string;
  label: string;
  hint?: string;
  values?: readonly string[];
}

/** The filters of a list; each takes effect when it is left. */
export function ListFilters({ name, filters }: { name: string; filters: readonly ListFilter[] }) {
  const now = pageQuery.value;
  const isFiltered = filters.some((filter) => now.has(filter.name));
  function apply(form: HTMLFormElement) {
    const wanted = new FormData(form);
    const changes = filters.map((filter) => [filter.name, String(wanted.get(filter.name) ?? '').trim() || null]);
    const href = hrefWith({ ...Object.fromEntries(changes), page: null });
    if (href !== location.pathname + location.search) go(href);
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: not every reader knows the element for searches
    <form
      class="filters"
      role="search"
      aria-label={name}
      // What was typed is taken from the address whenever that changes.
      key={now.toString()}
      onSubmit={(event) => {
        event.preventDefault();
        apply(event.currentTarget);
      }}
      onChange={(event) => apply(event.currentTarget)}
    >
      {filters.map((filter) => (
        <FilterField key={filter.name} filter={filter} value={now.get(filter.name) ?? ''} />
      ))}
      <button type="submit" class="hidden" tabIndex={-1} aria-hidden="true">
        Filter
      </button>
      {isFiltered && (
        <button
          type="button"
          class="button quiet"
          onClick={() =>
            go(hrefWith({ ...Object.fromEntries(filters.map((filter) => [filter.name, null])), page: null }))
          }
        >
          Clear filters
        </button>
      )}
    </form>
  );
}

function FilterField({ filter: { name, label, hint, values }, value }: { filter: ListFilter; value: string }) {
  const id = `filter-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {values === undefined ? (
        <input id={id} name={name} defaultValue={value} placeholder={hint} autocomplete="off" spellcheck={false} />
      ) : (
        <select id={id} name={name} defaultValue={value}>
          <option value="">Any</option>
          {values.map((each) => (
            <option key={each} value={each} selected={each === value}>
              {each}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}
