import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { copyText } from '../../../parts/texts/copying.ts';
import { go, hrefWith, pageQuery } from '../../../routing/location.ts';

/** Milliseconds after which the address follows the slider. */
const SETTLED = 250;

/** Returns the event that the address says, within bounds, or else a given one; and a function that goes to another. */
export function useEventPlace(bounds: { first: number; last: number }, otherwise: number) {
  const asked = readEvent(pageQuery.value.get('event'));
  const [event, setEvent] = useState(asked ?? otherwise);
  const said = useRef(asked);
  // Somebody followed a link, or went back.
  useLayoutEffect(() => {
    if (asked === said.current) return;
    said.current = asked;
    setEvent(asked ?? otherwise);
  }, [asked, otherwise]);
  // Who stands at the end of a run stays there when it goes on.
  const end = useRef(bounds.last);
  useLayoutEffect(() => {
    if (bounds.last > end.current && event >= end.current) setEvent(bounds.last);
    end.current = bounds.last;
  }, [bounds.last]);
  const shown = Math.min(bounds.last, Math.max(bounds.first, event));
  useEffect(() => {
    if (shown === (said.current ?? otherwise)) return;
    const timer = setTimeout(() => {
      said.current = shown;
      go(hrefWith({ event: String(shown) }), { replace: true });
    }, SETTLED);
    return () => clearTimeout(timer);
  }, [shown, otherwise]);
  return [shown, setEvent] as const;
}

/** Copies a link that opens this page at an event, and says whether it did. */
export async function copyLink(event: number): Promise<void> {
  const { href } = new URL(hrefWith({ event: String(event) }), location.href);
  await copyText(href, `The link to event ${event}`, 'The address of the page is the link.');
}

/** Returns the event that the address says; null: it says none. */
export function eventInAddress(): number | null {
  return readEvent(pageQuery.peek().get('event'));
}

function readEvent(text: string | null): number | null {
  return text !== null && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}
