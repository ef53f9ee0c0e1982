import { EXECUTION_STATUSES } from '../../../model/status.ts';
import { SearchForm } from '../../parts/lists/search-form.tsx';
import { pageQuery } from '../../routing/location.ts';
import { type FilterName, RUN_FILTERS, unreadable } from './filters.ts';

const FIELDS: { name: FilterName; label: string; hint: string }[] = [
  { name: 'workflow', label: 'Workflow', hint: 'a name or a part of one' },
  { name: 'search', label: 'Search ids', hint: 'an id in any form' },
  { name: 'result', label: 'Result contains', hint: 'a text' },
  { name: 'after', label: 'Created after', hint: '2h, 7d or a date' },
  { name: 'before', label: 'Created before', hint: '2h, 7d or a date' },
];

/** The filters of the list; each takes effect when it is left. */
export function FilterForm() {
  const now = pageQuery.value;
  const unread = unreadable(now, Date.now());
  return (
    <SearchForm name="Filter runs" filters={RUN_FILTERS}>
      <label class="field">
        Status
        <select name="status" defaultValue={now.get('status') ?? ''}>
          <option value="">Any</option>
          {EXECUTION_STATUSES.map((status) => (
            <option key={status} value={status} selected={now.get('status') === status}>
              {status}
            </option>
          ))}
        </select>
      </label>
      {FIELDS.map(({ name, label, hint }) => (
        <label class="field" key={name}>
          {label}
          <input
            name={name}
            defaultValue={now.get(name) ?? ''}
            placeholder={hint}
            autocomplete="off"
            spellcheck={false}
            aria-invalid={unread.includes(name)}
            aria-describedby={unread.includes(name) ? `${name}-wrong` : undefined}
          />
          {unread.includes(name) && (
            <span class="wrong" id={`${name}-wrong`}>
              Use 30m, 2h, 7d, 2026-01-31 or 2026-01-31 14:00
            </span>
          )}
        </label>
      ))}
      {/* No field is for an error, which is chosen from the list of them. */}
      <input type="hidden" name="error" value={now.get('error') ?? ''} />
    </SearchForm>
  );
}
