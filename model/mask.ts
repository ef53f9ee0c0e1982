import type { Json } from './json.ts';

/** Hides the values of write-only parameters in data that is shown. What is cut or put into a sentence is masked before. */
export interface Mask {
  /** Returns data with the values hidden; the data itself where nothing is. */
  hide(shown: Json): Json;
  /** Does the same in the message of a failure, and hides what it quotes as a whole even where that is short. */
  hideInMessage(message: string): string;
}

/** Hides nothing, in data that is masked already or has nothing to hide. */
export const SHOWS_ALL: Mask = { hide: (shown) => shown, hideInMessage: (message) => message };
