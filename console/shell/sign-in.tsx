import type { TargetedEvent } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';
import { RequestError } from '../client/request-error.ts';
import { session, signIn } from '../client/session.ts';
import { Glyph } from '../parts/glyph.tsx';
import { Heading } from '../parts/heading.tsx';
import { go, hrefOf, pageQuery, path } from '../routing/location.ts';
import { OPEN_PAGE } from '../routing/open-page.ts';
import { Mark } from './mark.tsx';
import { ThemeChoice } from './theme-choice.tsx';

/** The page to sign in, which leads back to the page that was asked for. */
export function SignInPage() {
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const isHere = path.value === '/sign-in';
  const next = nextOf(pageQuery.value.get('next'));
  const isSignedIn = session.value !== null;
  // The address is that of the page before somebody can copy it.
  useLayoutEffect(() => {
    if (!isHere) go(hrefOf('/sign-in', { next: location.pathname + location.search }), { replace: true });
    else if (isSignedIn) go(next, { replace: true });
  }, [isHere, isSignedIn, next]);

  // A link that `npm start` has printed signs in once. The address does not keep its code.
  useLayoutEffect(() => {
    const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
    if (code === undefined) return;
    history.replaceState(null, '', location.pathname + location.search);
    if (session.peek() === null) void enter({ code }, 'This link has been used, or has expired. Sign in with a key.');
  }, []);

  async function enter(by: { key: string } | { code: string }, refused: string) {
    setSending(true);
    setRefusal(null);
    try {
      await signIn(by);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setRefusal(error.status === 401 ? refused : error.message);
    } finally {
      setSending(false);
    }
  }

  async function submit(event: TargetedEvent<HTMLFormElement, Event>) {
    event.preventDefault();
    const field = event.currentTarget.elements.namedItem('key') as HTMLInputElement;
    const key = field.value.trim();
    field.value = '';
    field.focus();
    if (key !== '' && !isSending)
      await enter({ key }, 'This key is not valid: it may be mistyped, revoked or expired.');
  }

  return (
    <main class="alone">
      <form class="card sign-in" method="post" onSubmit={submit}>
        <Mark size={40} />
        <Heading title="Sign in" />
        <p class="soft">Fermata shows what your key may see, and does what it may do.</p>
        {refusal !== null && (
          <p class="trouble" role="alert">
            <Glyph of="warning" />
            <span>{refusal}</span>
          </p>
        )}
        <label class="field">
          <span>API key or token</span>
          <input type="password" name="key" autocomplete="off" spellcheck={false} required />
        </label>
        <button type="submit" class="button primary wide" aria-disabled={isSending}>
          Sign in
        </button>
        <p class="soft small">
          The key is exchanged for a session of this browser and kept nowhere. <code>npm start</code> prints one.
        </p>
      </form>
      <p>
        <a href={hrefOf(OPEN_PAGE)}>Open a history from a file</a>
      </p>
      <ThemeChoice />
    </main>
  );
}

/** Returns the address to go to after signing in: a page of the console, whatever the link says. */
function nextOf(wanted: string | null): string {
  const home = hrefOf('/runs');
  if (wanted === null || !URL.canParse(wanted, location.origin)) return home;
  const { origin, pathname, search } = new URL(wanted, location.origin);
  const isPage = origin === location.origin && pathname.startsWith(hrefOf('/')) && pathname !== hrefOf('/sign-in');
  return isPage ? pathname + search : home;
}
