// The forms in which Fermata writes secrets and other systems return them.

/** Returns all forms in which Fermata writes a secret: unchanged, and encoded by each encoder. */
export function listWritings(secret: string): string[] {
  const inForm = new URLSearchParams({ '': secret }).toString().slice(1);
  const inUrl = [componentOf(secret), inForm, ...ofUrl(secret)];
  return [
    ...new Set([
      ...[secret, secret.trim(), secret.toLowerCase()],
      // URLs: a component, a form, a path, a query, a fragment, an account, a host.
      ...inUrl,
      // A URL within another URL.
      ...inUrl.map(componentOf),
      // A JSON string, and one within another.
      ...[escaped(secret), escaped(escaped(secret))],
      // UTF-8 read as Latin-1, as in headers, and the reverse.
      ...[Buffer.from(secret).toString('latin1'), Buffer.from(secret, 'latin1').toString()],
      // An SQL literal.
      ...[secret.replaceAll("'", "''"), secret.replaceAll("'", "''").replaceAll('\\', '\\\\')],
      ...mimeOf(secret),
      ...base64Of(secret),
    ]),
  ].filter((form) => form !== '');
}

/** Returns the base64 and base64url of a text, or of bytes, as a whole. */
export function listBase64Writings(written: string | Buffer): string[] {
  const bytes = Buffer.from(written);
  return [bytes.toString('base64'), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url')];
}

/** Returns the base64 characters that depend only on the secret, for each offset within three bytes. */
function base64Of(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const parts = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const first = Math.ceil((offset * 8) / 6);
    return text.slice(first, Math.floor(((offset + bytes.length) * 8) / 6));
  });
  const whole = listBase64Writings(secret);
  return [...whole, ...parts, ...parts.map((part) => part.replaceAll('+', '-').replaceAll('/', '_'))];
}

/** Returns the forms of a secret in the parts of a URL. */
function ofUrl(secret: string): string[] {
  const forms: string[] = [];
  const url = new URL('http://host/');
  url.pathname = `/${secret}`;
  forms.push(url.pathname.slice(1));
  url.search = `?${secret}`;
  forms.push(url.search.slice(1));
  url.hash = `#${secret}`;
  forms.push(url.hash.slice(1));
  url.username = secret;
  forms.push(url.username);
  // As a host, a number becomes an address, and other alphabets become Punycode.
  const host = URL.canParse(`http://${secret}`) ? new URL(`http://${secret}`) : null;
  if (host !== null && host.href === `http://${host.hostname}/` && !/[/?#@:]/.test(secret)) forms.push(host.hostname);
  return forms.filter((form) => form !== '');
}

function componentOf(secret: string): string {
  // URLs cannot contain unpaired surrogates.
  return /\p{Surrogate}/u.test(secret) ? secret : encodeURIComponent(secret);
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Quoted-printable (RFC 2045), and the encoded words of headers (RFC 2047). */
function mimeOf(secret: string): string[] {
  const quoted = (keep: RegExp) =>
    [...Buffer.from(secret)]
      .map((byte) => {
        const character = String.fromCharCode(byte);
        return keep.test(character) ? character : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
      })
      .join('');
  return [quoted(/[\t\x20-\x3c\x3e-\x7e]/), quoted(/[A-Za-z0-9!*+\-/ ]/).replaceAll(' ', '_')];
}
