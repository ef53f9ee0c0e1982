/** Milliseconds after which a reader that does not read is disconnected. */
const PATIENCE = 30_000;

/**
 * Streams the parts of a text, each produced when the reader has taken the previous one. An error of the parts breaks
 * the response off. The parts are ended when the reader disconnects, or does not read for `patience` milliseconds; in
 * the latter case `onStall` is called.
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
