import { computed, signal } from '@preact/signals';
import { present } from './parameters.ts';

/** The path below which the whole service is reached: empty, or without a slash at its end. */
export const ROOT = document.querySelector<HTMLMetaElement>('meta[name=fermata-root]')?.content ?? '';

/** The path of the console. */
const BASE = `${ROOT}/console`;

const address = signal(location.pathname + location.search);

/** How often somebody went to another page: 0 while the first one is shown. */
export const visits = signal(0);

/** The path of the page within the console, such as `/runs/42`. */
export const path = computed(() => {
  const [whole = ''] = address.value.split('?');
  return whole.slice(BASE.length).replace(/\/+$/, '') || '/';
});

/** The query of the page. */
export const pageQuery = computed(() => new URLSearchParams(address.value.split('?')[1] ?? ''));

/** Returns the address of a page of the console; parameters that are null or empty are left out. */
export function hrefOf(page: string, parameters: Record<string, string | null | undefined> = {}): string {
  const query = String(new URLSearchParams(present(parameters)));
  return `${BASE}${page}${query === '' ? '' : `?${query}`}`;
}

/** Returns the address of this page with some parameters changed; null and empty ones are taken away. */
export function hrefWith(changes: Record<string, string | null>): string {
  return hrefOf(path.value, { ...Object.fromEntries(pageQuery.value), ...changes });
}

/**
 * Shows the page at an address. `replace` leaves the one before out of the browser's history; `stay` is for another view of the same page,
 * which neither scrolls nor takes the focus.
 */
export function go(href: string, { replace = false, stay = false } = {}): void {
  const before = path.peek();
  if (replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  follow();
  if (stay || path.peek() === before) return;
  visits.value += 1;
  scrollTo(0, 0);
}

function follow(): void {
  address.value = location.pathname + location.search;
}

/** Has links to pages of the console and the browser's own buttons change what is shown, without loading the console again. */
export function followLinks(): void {
  addEventListener('popstate', () => {
    const before = path.peek();
    follow();
    if (path.peek() !== before) visits.value += 1;
  });
  document.addEventListener('click', (event) => {
    const link = (event.target as Element | null)?.closest('a');
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !isPlain || event.defaultPrevented || link.target || link.hasAttribute('download')) return;
    const { origin, pathname, search, hash } = new URL(link.href);
    if (origin !== location.origin || !(pathname === BASE || pathname.startsWith(`${BASE}/`)) || hash !== '') return;
    event.preventDefault();
    go(pathname + search);
  });
}
