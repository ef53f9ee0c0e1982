import { signal } from '@preact/signals';

/** The outcome of the last act; empty when nothing is to be announced. */
export const notice = signal('');

/** Milliseconds for which a notice stays. */
const STAYS = 10_000;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Announces what has come of an act. */
export function announce(text: string): void {
  notice.value = text;
  clearTimeout(timer);
  timer = setTimeout(dismiss, STAYS);
}

/** Takes the notice away. */
export function dismiss(): void {
  notice.value = '';
}
