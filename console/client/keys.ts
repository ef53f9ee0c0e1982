/** Makes the key with which a request that is sent twice has effect once; also where a page was not loaded over https. */
export function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
