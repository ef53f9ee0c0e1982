import { useState } from 'preact/hooks';
import { may } from '../../../client/session.ts';
import { countText, numberText } from '../../../parts/words.ts';
import { BULK_ACTS, type BulkAct } from './bulk-acts.ts';
import { BulkDialog } from './bulk-dialog.tsx';
import type { Selection } from './selection.ts';

/** The runs of a page, and how many match in all. */
interface SelectionBarProps {
  selection: Selection;
  /** The ids of the runs on this page. */
  page: readonly number[];
  total: number;
  /** Whether there may be more than `total`. */
  isAtLeast: boolean;
  /** Returns the filter for everything that matches and had been created at a time, in milliseconds. */
  filterAt: (time: number) => Record<string, string>;
}

/** The choice of runs, and the acts on those that are chosen. */
export function SelectionBar({ selection, page, total, isAtLeast, filterAt }: SelectionBarProps) {
  const [act, setAct] = useState<BulkAct | null>(null);
  const { ids, isAll } = selection;
  const count = isAll ? total : ids.size;
  const isWhole = isAll || page.every((id) => ids.has(id));
  const matching = numberText(total, isAtLeast);
  const subject = countText(count, 'run', isAll && isAtLeast);
  return (
    <div class="selection">
      <label>
        <input
          type="checkbox"
          checked={isWhole}
          onChange={() => (isAll ? selection.clear() : selection.chooseMany(page, !isWhole))}
        />
        Select all on this page
      </label>
      {isWhole && !isAll && total > page.length && (
        <button type="button" class="button quiet" onClick={selection.chooseAll}>
          Select all {matching} that match
        </button>
      )}
      {count > 0 && (
        <>
          <span class="soft">{isAll ? `All ${matching}` : numberText(count)} selected</span>
          <div class="acts" role="toolbar" aria-label="Selected runs">
            {BULK_ACTS.filter(({ permission }) => may(permission)).map((each) => (
              <button type="button" class="button" key={each.verb} onClick={() => setAct(each)}>
                {each.word}
              </button>
            ))}
          </div>
        </>
      )}
      {act !== null && (
        <BulkDialog act={act} subject={subject} selection={selection} filterAt={filterAt} close={() => setAct(null)} />
      )}
    </div>
  );
}
