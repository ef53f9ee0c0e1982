import { Fragment } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { openSession, person, session, sessionError } from '../client/session.ts';
import type { SignedIn } from '../client/shapes.ts';
import { ReadError } from '../parts/read-error.tsx';
import { path } from '../routing/location.ts';
import { OPEN_PAGE } from '../routing/open-page.ts';
import { Banner } from './banner.tsx';
import { CurrentPage, isPageLoading } from './current-page.tsx';
import { Notices } from './notices.tsx';
import { SignInPage } from './sign-in.tsx';

/** The whole console: who is signed in sees the page of the address, everybody else the page to sign in, or the one that is open to all. */
export function App() {
  const who = session.value;
  const isOpen = path.value === OPEN_PAGE;
  // A page that is open to all asks nobody who sees it.
  useLayoutEffect(() => {
    if (!isOpen && session.peek() === undefined) void openSession();
  }, [isOpen]);
  if (isOpen) return <Shell who={who ?? null} />;
  if (sessionError.value !== null) {
    return (
      <main class="alone">
        <ReadError what="The console could not be opened" error={sessionError.value} retry={openSession} />
      </main>
    );
  }
  if (who === undefined) return <main class="alone" aria-busy="true" aria-label="Fermata" />;
  if (who === null || path.value === '/sign-in') return <SignInPage />;
  return <Shell who={who} />;
}

/** The page of the address, with what every page has. */
function Shell({ who }: { who: SignedIn | null }) {
  return (
    // A page that somebody else sees begins anew.
    <Fragment key={person.value}>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <Banner who={who} />
      <main id="content" tabIndex={-1} aria-busy={isPageLoading()}>
        <CurrentPage />
      </main>
      <Notices />
    </Fragment>
  );
}
