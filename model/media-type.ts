/** A media type as a `content-type` header names it. */
export interface MediaType {
  /** In lower case, without parameters; empty if the header names none. */
  type: string;
  /** The parameter `charset`, in lower case; null without one. */
  charset: string | null;
}

/** Parses a `content-type` header; `type` is whatever stands in its place. */
export function parseMediaType(header: string): MediaType {
  const [type = '', ...parameters] = header.toLowerCase().split(';');
  const charsets = parameters.map((each) => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/.exec(each)?.[1]);
  return { type: type.trim(), charset: charsets.find((each) => each !== undefined) ?? null };
}

/** Decodes text without a byte order mark, by a name of the Encoding Standard; null for an unknown charset and for bytes that it does not have. */
export function decodeCharset(bytes: Uint8Array, charset: string): string | null {
  try {
    const decoder = new TextDecoder(charset, { fatal: true });
    // Node decodes windows-1252, the meaning of Latin-1 on the web, as ISO 8859-1: https://github.com/nodejs/node/issues/56542
    if (decoder.encoding !== 'windows-1252') return decoder.decode(bytes);
    let text = '';
    for (let at = 0; at < bytes.length; at += AT_ONCE) text += String.fromCharCode(...bytes.subarray(at, at + AT_ONCE));
    return text.replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80]!);
  } catch {
    return null;
  }
}

/** Bytes that become characters in one call. */
const AT_ONCE = 8192;

/** The characters of windows-1252 from 0x80 to 0x9F. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';
