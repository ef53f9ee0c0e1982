import { useLayoutEffect } from 'preact/hooks';
import { go, hrefWith } from '../../routing/location.ts';
import { pageBefore } from '../../routing/page-size.ts';
import { Glyph } from '../glyph.tsx';
import { Loading } from '../loading.tsx';
import { countText, numberText } from '../words.ts';

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

/** A page of a list in the form of the Executions API. */
export interface PagedList {
  data: readonly unknown[];
  pagination: { page: number; page_size: number; total_items: number; total_pages: number };
  total_is_lower_bound?: boolean;
}

/** The pager of a list in the form of the Executions API. */
export function ListPager({ list, noun }: { list: PagedList; noun: string }) {
  const { data, pagination, total_is_lower_bound = false } = list;
  return (
    <Pager
      page={pagination.page}
      size={pagination.page_size}
      rows={data.length}
      total={pagination.total_items}
      isAtLeast={total_is_lower_bound}
      last={pagination.total_pages}
      noun={noun}
    />
  );
}

/** Where a page stands in the list, and the way to those before and after it. */
export function Pager({ page, size, rows, total, isAtLeast = false, last, noun }: PagerProps) {
  const first = (page - 1) * size + 1;
  const few = total <= size && page === 1;
  const of = countText(total, noun, isAtLeast);
  const turn = (to: number) => {
    go(hrefOfPage(to));
    scrollTo(0, 0);
  };
  return (
    <div class="pager">
      <p class="soft">{few ? of : `${numberText(first)} to ${numberText(first + rows - 1)} of ${of}`}</p>
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

/** Stands for a page that has no rows, and leads to the last one that may have some. `page` and `last` count from 1. */
export function PageBefore({ page, last }: { page: number; last: number }) {
  useLayoutEffect(() => go(hrefOfPage(pageBefore(page, last)), { replace: true }), [page, last]);
  return <Loading of="the last page" />;
}

function hrefOfPage(page: number): string {
  return hrefWith({ page: page === 1 ? null : String(page) });
}
