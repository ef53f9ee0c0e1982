import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

/** The head of an interim response without headers, and the beginning of any such head. */
const CONTINUE = /^HTTP\/1\.[01] 100[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n/;
const BEGINS = 'HTTP/1.1 100';

/** The maximum size of such a head, in bytes. */
const LONGEST = 8_192;

/**
 * Makes a connector skip `100 Continue` responses before a response, on which undici, which never requests them, would
 * close the connection. The response itself is unchanged.
 */
export function withoutContinue(connect: buildConnector.connector): buildConnector.connector {
  return (options, done) =>
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error === null) done(null, filtered(socket));
      else done(error, null);
    });
}

function filtered<S extends Socket>(socket: S): S {
  const [read, write] = [socket.read.bind(socket), socket.write.bind(socket)];
  let isAwaited = false;
  let held = Buffer.alloc(0);
  socket.write = ((chunk: unknown, ...rest: unknown[]) => {
    // The next request is only sent after the response to the previous one.
    if (typeof chunk === 'string' && / HTTP\/1\.1\r\n/.test(chunk)) isAwaited = true;
    return (write as (...all: unknown[]) => boolean)(chunk, ...rest);
  }) as Socket['write'];
  socket.read = (size?: number) => {
    const chunk = read(size) as Buffer | null;
    if (!isAwaited || chunk === null) return chunk;
    held = Buffer.concat([held, chunk]);
    for (;;) {
      const text = held.toString('latin1', 0, LONGEST);
      const [head] = CONTINUE.exec(text) ?? [];
      if (head !== undefined) held = held.subarray(head.length);
      else if (held.length === 0 || (held.length < LONGEST && isBegun(text))) return null;
      else break;
    }
    const answer = held;
    [isAwaited, held] = [false, Buffer.alloc(0)];
    return answer;
  };
  return socket;
}

/** Reports whether a text may be the beginning of such a head. */
function isBegun(text: string): boolean {
  const start = text.slice(0, BEGINS.length).replace('HTTP/1.0', 'HTTP/1.1');
  return BEGINS.startsWith(start);
}
