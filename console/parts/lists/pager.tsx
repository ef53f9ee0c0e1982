import { go, hrefWith } from '../../routing/location.ts';
import { Glyph } from '../glyph.tsx';
import { countText } from '../words.ts';

/** What a page of a list says about its place. */
interface PagerProps {
  /** From 1. */
  page: number;
  size: number;
  /** How many rows the page has. */
  rows: number;
  total: number;
  /** Whether there may be more than `total`. */
  isAtLeast?: boolean;
  last: number;
  /** What is listed: the singular. */
  noun: string;
}

/** Where a page stands in the list, and the way to those before and after it. */
export function Pager({ page, size, rows, total, isAtLeast = false, last, noun }: PagerProps) {
  const first = (page - 1) * size + 1;
  const few = total <= size && page === 1;
  const of = `${isAtLeast ? 'more than ' : ''}${countText(total, noun)}`;
  const turn = (to: number) => {
    go(hrefWith({ page: to === 1 ? null : String(to) }));
    scrollTo(0, 0);
  };
  return (
    <div class="pager">
      <p class="soft">
        {few ? of : `${first.toLocaleString('en-US')} to ${(first + rows - 1).toLocaleString('en-US')} of ${of}`}
      </p>
      {!few && (
        <>
          <button type="button" class="button" aria-disabled={page <= 1} onClick={() => page > 1 && turn(page - 1)}>
            <Glyph of="left" />
            Previous page
          </button>
          <button
            type="button"
            class="button"
            aria-disabled={page >= last}
            onClick={() => page < last && turn(page + 1)}
          >
            Next page
            <Glyph of="right" />
          </button>
        </>
      )}
    </div>
  );
}
