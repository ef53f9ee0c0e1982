import { textWidth } from '../measures.ts';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** Characters that XML does not allow, or that change the direction of the text around them. */
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;

/** Escapes text for the content or an attribute of an element. Line ends become spaces, and other control characters `�`. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(UNSAFE, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** Cuts a text to about a width, in pixels, of characters that are `characterWidth` wide. */
export function shortened(text: string, width: number, characterWidth: number): string {
  if (textWidth(text, characterWidth) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (textWidth(`${kept}${character}…`, characterWidth) > width) break;
    kept += character;
  }
  return `${kept}…`;
}
