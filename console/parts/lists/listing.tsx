import type { ComponentChildren } from 'preact';
import type { ReadState } from '../../client/reads.ts';
import type { ListPage } from '../../client/shapes.ts';
import { Loading } from '../loading.tsx';
import { ReadError } from '../read-error.tsx';
import { ListPager, PageBefore, type PagedList, Pager } from './pager.tsx';
import { TableHead } from './table-head.tsx';

/** What a listing shows, and how. */
interface ListingProps<Row> {
  /** The name of the table, such as `Packs`. */
  name: string;
  /** What is listed: the singular. */
  noun: string;
  reading: ReadState<{ data: Row[] } & Partial<ListPage<Row>> & Partial<PagedList>>;
  /** The names of the columns; the cells of a row are as many, of which the first is its header. */
  columns: readonly string[];
  keyOf: (row: Row) => string;
  /** Returns the cells of a row. */
  row: (row: Row) => ComponentChildren;
  /** Shown where there is nothing to list. */
  empty: ComponentChildren;
  /** The class that has the widths of its columns. */
  class?: string;
}

/** A list of the API as a table, at whatever stage; a list of several pages has ways to the others. */
export function Listing<Row>({
  name,
  noun,
  reading,
  columns,
  keyOf,
  row,
  empty,
  class: widths = '',
}: ListingProps<Row>) {
  const { value, path, from, error, isLoading, reload } = reading;
  const what = name.toLowerCase();
  const failure = error !== null && <ReadError what={`The ${what} could not be read`} error={error} retry={reload} />;
  // Rows of another page, or of other filters, are not what the address says.
  if (value === undefined || (failure && from !== path)) return failure || <Loading of={`the ${what}`} />;
  const { data, meta, pagination } = value;
  const place = meta ?? pagination;
  if (data.length === 0 && place !== undefined && place.page > 1) {
    return <PageBefore page={place.page} last={place.total_pages} />;
  }
  if (data.length === 0) {
    return (
      failure || (
        <div class="empty" aria-busy={isLoading}>
          {empty}
        </div>
      )
    );
  }
  return (
    <>
      {failure}
      <table role="table" class={`table listing ${widths}`} aria-label={name} aria-busy={isLoading}>
        <TableHead columns={columns} />
        <tbody role="rowgroup">
          {data.map((each) => (
            <tr role="row" key={keyOf(each)}>
              {row(each)}
            </tr>
          ))}
        </tbody>
      </table>
      {meta !== undefined && (
        <Pager
          page={meta.page}
          size={meta.per_page}
          rows={data.length}
          total={meta.total}
          last={meta.total_pages}
          noun={noun}
        />
      )}
      {pagination !== undefined && <ListPager list={{ ...value, pagination }} noun={noun} />}
    </>
  );
}

/** The first cell of a row, which names it. */
export function NameCell({ children }: { children: ComponentChildren }) {
  return (
    <th role="rowheader" scope="row" class="ref-cell">
      {children}
    </th>
  );
}

/** Another cell of a row; `of` is the name of its column, which a narrow screen shows in front of it. */
export function ListCell({ of, class: kind, children }: { of?: string; class?: string; children: ComponentChildren }) {
  return (
    <td role="cell" class={kind} data-column={of}>
      {children}
    </td>
  );
}
