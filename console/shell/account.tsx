import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { RequestError } from '../client/request-error.ts';
import { signOut } from '../client/session.ts';
import type { SignedIn } from '../client/shapes.ts';
import { Glyph } from '../parts/glyph.tsx';
import { announce } from '../parts/notice.ts';

/** Who is signed in, with a menu to sign out. */
export function Account({ who }: { who: SignedIn }) {
  const [isOpen, setOpen] = useState(false);
  const whole = useRef<HTMLDivElement>(null);
  const item = useRef<HTMLButtonElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  // The focus is there before the next key is.
  useLayoutEffect(() => {
    if (!isOpen) return;
    item.current?.focus();
    const leave = ({ target }: Event) => whole.current?.contains(target as Node) || setOpen(false);
    document.addEventListener('pointerdown', leave);
    return () => document.removeEventListener('pointerdown', leave);
  }, [isOpen]);

  function leaveMenu({ key }: KeyboardEvent) {
    if (key !== 'Escape' && key !== 'Tab') return;
    setOpen(false);
    if (key === 'Escape') opener.current?.focus();
  }

  return (
    <div class="account" ref={whole}>
      <button
        type="button"
        class="button quiet"
        ref={opener}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        onKeyDown={({ key }) => key === 'ArrowDown' && setOpen(true)}
      >
        <Glyph of="person" />
        <span class="hidden">Account </span>
        <span class="who">{who.subject}</span>
      </button>
      {isOpen && (
        <div class="menu">
          <p>
            <span class="strong">{who.subject}</span>
            <span class="soft">tenant {who.tenant}</span>
          </p>
          <div role="menu" aria-label="Account">
            <button type="button" role="menuitem" ref={item} onClick={leaveSession} onKeyDown={leaveMenu}>
              Sign out
            </button>
          </div>
        </div>
      )}
    </div>
  );
}

async function leaveSession(): Promise<void> {
  try {
    await signOut();
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    announce(`You are still signed in: ${error.message}`);
  }
}
