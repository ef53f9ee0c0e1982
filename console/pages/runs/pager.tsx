import type { RunListPage } from '../../client/shapes.ts';
import { Glyph } from '../../parts/glyph.tsx';
import { countText } from '../../parts/words.ts';
import { go, hrefWith } from '../../routing/location.ts';

/** Where a page stands in the list, and the way to those before and after it. */
export function Pager({ list }: { list: RunListPage }) {
  const { page, page_size, total_items: total, total_pages: last } = list.pagination;
  const first = (page - 1) * page_size + 1;
  const few = total <= page_size && page === 1;
  const of = `${list.total_is_lower_bound ? 'more than ' : ''}${countText(total, 'run')}`;
  const turn = (to: number) => {
    go(hrefWith({ page: to === 1 ? null : String(to) }));
    scrollTo(0, 0);
  };
  return (
    <div class="pager">
      <p class="soft">
        {few
          ? of
          : `${first.toLocaleString('en-US')} to ${(first + list.data.length - 1).toLocaleString('en-US')} of ${of}`}
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
