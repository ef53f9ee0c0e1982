import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

/** The head of an interim answer that asks for nothing, and how any such head begins. */
const CONTINUE = /^HTTP\/1\.[01] 100[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n/;
const BEGINS = 'HTTP/1.1 100';

/** Bytes of such a head, at most. */
const LONGEST = 8_192;

/**
 * Makes a connector leave out the answers `100 Continue` that its connections bring before an answer: undici, which never asks for one,
 * breaks the connection off. What belongs to an answer stays as it is.
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
    // Nothing is sent before the answer to what was sent before.
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

/** Reports whether a text may become the head of such an answer. */
function isBegun(text: string): boolean {
  const start = text.slice(0, BEGINS.length).replace('HTTP/1.0', 'HTTP/1.1');
  return BEGINS.startsWith(start);
}
