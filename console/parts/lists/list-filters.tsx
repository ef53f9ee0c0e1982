import { pageQuery } from '../../routing/location.ts';
import { SearchForm } from './search-form.tsx';

/** A filter of a list, which the address has under the name that the API gives it: a text, or one of some values. */
export interface ListFilter {
  name: string;
  label: string;
  hint?: string;
  values?: readonly string[];
}

/** The filters of a list; each takes effect when it is left. */
export function ListFilters({ name, filters }: { name: string; filters: readonly ListFilter[] }) {
  return (
    <SearchForm name={name} class="list-filters" filters={filters.map((filter) => filter.name)}>
      {filters.map((filter) => (
        <FilterField key={filter.name} filter={filter} value={pageQuery.value.get(filter.name) ?? ''} />
      ))}
    </SearchForm>
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

/** Says that a list is empty: `otherwise` where no filter leaves anything out. */
export function EmptyList({
  filters,
  noun,
  otherwise,
}: {
  filters: readonly ListFilter[];
  noun: string;
  otherwise: string;
}) {
  if (filters.some(({ name }) => pageQuery.value.get(name))) {
    return <p class="strong">No {noun} match these filters.</p>;
  }
  return (
    <>
      <p class="strong">No {noun} yet.</p>
      <p class="soft">{otherwise}</p>
    </>
  );
}
