import { useEffect, useLayoutEffect } from 'preact/hooks';
import { NoPage } from '../pages/no-page.tsx';
import { PAGES, type Page } from '../pages/pages.ts';
import { Heading } from '../parts/heading.tsx';
import { NotLoaded } from '../parts/lazy.tsx';
import { Loading } from '../parts/loading.tsx';
import { go, hrefOf, path } from '../routing/location.ts';
import { type PageProps, readPageProps } from '../routing/page-props.ts';

/** Begins to load the page of the address, so that it is there when it is known who may see it. */
export function preloadPage(): void {
  findPage(path.peek())?.page.load();
}

/** The page of the address, once it is loaded. */
export function CurrentPage() {
  const at = path.value;
  const isHome = at === '/';
  const found = findPage(at);
  useLayoutEffect(() => {
    if (isHome) go(hrefOf('/runs'), { replace: true });
  }, [isHome]);
  useEffect(() => found?.page.load(), [found?.page]);
  if (isHome) return null;
  if (found === null) return <NoPage />;
  const Shown = found.page.component.value;
  if (Shown === null || Shown === undefined) return <PageToLoad hasFailed={Shown === null} />;
  // A page about another thing begins anew; one of the same thing stays.
  return <Shown key={found.props.of} of={found.props.of} tab={found.props.tab} />;
}

/** Stands for a page that is on its way, or could not be loaded. */
function PageToLoad({ hasFailed }: { hasFailed: boolean }) {
  return (
    <div class="page">
      <Heading title={hasFailed ? 'Page not loaded' : 'Loading'} />
      {hasFailed ? <NotLoaded what="This page" /> : <Loading of="the page" />}
    </div>
  );
}

/** Returns whether the page of the address is on its way. */
export function isPageLoading(): boolean {
  const found = findPage(path.value);
  return found !== null && found.page.component.value === undefined;
}

function findPage(at: string): { page: Page; props: PageProps } | null {
  for (const page of PAGES) {
    const groups = page.pattern.exec(at);
    const props = groups === null ? null : readPageProps(groups);
    if (props !== null) return { page, props };
  }
  return null;
}
