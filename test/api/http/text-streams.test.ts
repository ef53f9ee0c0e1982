import { expect, it } from 'vitest';
import { streamText } from '../../../api/http/text-streams.ts';

/** Parts that are numbered, with how many were made and whether they were ended. */
function numbered(count = Number.POSITIVE_INFINITY, failure?: Error) {
  const seen = { made: 0, ended: false };
  async function* parts() {
    try {
      while (seen.made < count) {
        seen.made += 1;
        yield `${seen.made}\n`;
      }
      if (failure !== undefined) throw failure;
    } finally {
      seen.ended = true;
    }
  }
  return { seen, parts: parts() };
}

const never = () => {
  throw new Error('nobody stalls');
};

it('a text arrives whole', async () => {
  const { seen, parts } = numbered(3);
  expect(await new Response(streamText(parts, never)).text()).toBe('1\n2\n3\n');
  expect(seen).toEqual({ made: 3, ended: true });
});

it('a reader that stalls is let go, and no more was made for it than it could take', async () => {
  const { seen, parts } = numbered();
  let reader!: ReadableStreamDefaultReader<Uint8Array>;
  await new Promise<void>((resolve) => {
    reader = streamText(parts, resolve, 10).getReader();
    void reader.read();
  });
  expect(seen).toEqual({ made: 2, ended: true });
  await expect(reader.read()).rejects.toThrow('takes nothing');
});

it('a reader that goes ends the parts', async () => {
  const { seen, parts } = numbered();
  const reader = streamText(parts, never).getReader();
  await reader.read();
  await reader.cancel();
  expect(seen.ended).toBe(true);
  expect(seen.made).toBeLessThan(4);
});

it('parts that fail break the answer off', async () => {
  const { parts } = numbered(1, new Error('no database'));
  await expect(new Response(streamText(parts, never)).text()).rejects.toThrow('no database');
});
