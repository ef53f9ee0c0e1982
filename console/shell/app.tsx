import { Fragment } from 'preact';
import { openSession, session, sessionError } from '../client/session.ts';
import { ReadError } from '../parts/read-error.tsx';
import { path } from '../routing/location.ts';
import { Banner } from './banner.tsx';
import { CurrentPage, isPageLoading } from './current-page.tsx';
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
      <main id="content" tabIndex={-1} aria-busy={isPageLoading()}>
        <CurrentPage />
      </main>
      <Notices />
    </Fragment>
  );
}
