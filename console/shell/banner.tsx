import type { SignedIn } from '../client/shapes.ts';
import { SECTIONS } from '../pages/pages.ts';
import { hrefOf, path } from '../routing/location.ts';
import { Account } from './account.tsx';
import { Mark } from './mark.tsx';
import { ThemeChoice } from './theme-choice.tsx';

/** The top of every page: the pages that there are, the look, and who is signed in; for nobody, a way to sign in. */
export function Banner({ who }: { who: SignedIn | null }) {
  return (
    <header class="banner">
      <a class="brand" href={hrefOf('/runs')}>
        <Mark />
        <span>Fermata</span>
      </a>
      {who !== null && (
        <nav aria-label="Main">
          {SECTIONS.map(({ name, page }) => (
            <a key={page} href={hrefOf(page)} aria-current={currentOf(page)}>
              {name}
            </a>
          ))}
        </nav>
      )}
      <ThemeChoice />
      {who === null ? (
        <a class="button quiet" href={hrefOf('/runs')}>
          Sign in
        </a>
      ) : (
        <Account who={who} />
      )}
    </header>
  );
}

function currentOf(page: string): 'page' | 'true' | undefined {
  if (path.value === page) return 'page';
  return path.value.startsWith(`${page}/`) ? 'true' : undefined;
}
