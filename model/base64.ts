import { z } from 'zod';

/** Returns whether a text is Base64 (RFC 4648, with padding); line breaks and blanks are ignored. */
function isBase64(text: string): boolean {
  const plain = text.replaceAll(/[\t\n\r ]/g, '');
  return plain.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(plain);
}

/** Bytes as Base64 (RFC 4648, with padding). */
export const Base64Schema = z.string().refine(isBase64, 'must be base64 with padding');

/** The content of a file: text, or bytes as Base64. */
export const FILE_CONTENT = {
  text: z.string().optional(),
  base64: Base64Schema.optional(),
};

/** Returns whether a file has exactly one content. */
export function hasOneContent({ text, base64 }: { text?: string | undefined; base64?: string | undefined }): boolean {
  return (text === undefined) !== (base64 === undefined);
}

/** The message about a file with none or both. */
export const ONE_CONTENT = 'must have either "text" or "base64"';
