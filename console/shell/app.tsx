import { Fragment } from 'preact';
import { useEffect } from 'preact/hooks';
import { openSession, session, sessionError } from '../client/session.ts';
import { NoPage } from '../pages/no-page.tsx';
import { PAGES } from '../pages/pages.ts';
import { ReadError } from '../parts/read-error.tsx';
import { go, hrefOf, path } from '../routing/location.ts';
import { readPageProps } from '../routing/page-props.ts';
import { Banner } from './banner.tsx';
import { Notices } from './notices.tsx';
import { SignInPage } from './sign-in.tsx';

/** The whole console: who is signed in sees the page of the address, everybody else the page to sign in. */
export function App() {
  const who = session.value;
  if (sessionError.value !== null) {
    return (
      <main class="alone">
        <ReadError what="The console could not be opened" error={sessionError.value} retry={openSession} />
      </main>
    );
  }
  if (who === undefined) return <main class="alone" aria-busy="true" aria-label="Fermata" />;
  if (who === null || path.value === '/sign-in') return <SignInPage />;
  return (
    // A page that somebody else sees begins anew.
    <Fragment key={JSON.stringify([who.tenant, who.subject])}>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <Banner who={who} />
      <main id="content" tabIndex={-1}>
        <Page />
      </main>
      <Notices />
    </Fragment>
  );
}

/** The page of the address. */
function Page() {
  const at = path.value;
  const isHome = at === '/';
  useEffect(() => {
    if (isHome) go(hrefOf('/runs'), { replace: true });
  }, [isHome]);
  if (isHome) return null;
  for (const { pattern, page: Shown } of PAGES) {
    const found = pattern.exec(at);
    const props = found === null ? null : readPageProps(found);
    // A page about another thing begins anew; one of the same thing stays.
    if (props !== null) return <Shown key={props.of} of={props.of} tab={props.tab} />;
  }
  return <NoPage />;
}
