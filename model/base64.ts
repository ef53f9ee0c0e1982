import { z } from 'zod';

/** Reports whether a text is base64 (RFC 4648, with padding); line breaks and blanks do not count. */
function isBase64(text: string): boolean {
  const plain = text.replaceAll(/[\t\n\r ]/g, '');
  return plain.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(plain);
}

/** Bytes as base64 (RFC 4648, with padding). */
export const Base64Schema = z.string().refine(isBase64, 'must be base64 with padding');

/** What is sent as a file: text, or bytes as base64. */
export const FILE_CONTENT = {
  text: z.string().optional(),
  base64: Base64Schema.optional(),
};

/** Reports whether a file has exactly one content. */
export function hasOneContent({ text, base64 }: { text?: string | undefined; base64?: string | undefined }): boolean {
  return (text === undefined) !== (base64 === undefined);
}

/** What is wrong with a file of another number of contents. */
export const ONE_CONTENT = 'must have either "text" or "base64"';
