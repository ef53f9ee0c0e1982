/** Milliseconds after which a reader that takes nothing is let go. */
const PATIENCE = 30_000;

/**
 * Streams the parts of a text, each made when the reader has taken the one before. What the parts throw breaks the answer off. When
 * the reader goes, or takes nothing for `patience` milliseconds, the parts are ended; in the latter case `onStall` is called.
 */
export function streamText(
  parts: AsyncGenerator<string>,
  onStall: () => void,
  patience = PATIENCE,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let timer: NodeJS.Timeout | undefined;
  return new ReadableStream({
    async pull(controller) {
      clearTimeout(timer);
      const { done, value } = await parts.next();
      if (done) {
        controller.close();
        return;
      }
      controller.enqueue(encoder.encode(value));
      timer = setTimeout(() => {
        controller.error(new Error('the reader takes nothing'));
        void parts.return(undefined);
        onStall();
      }, patience);
    },
    async cancel() {
      clearTimeout(timer);
      await parts.return(undefined);
    },
  });
}
