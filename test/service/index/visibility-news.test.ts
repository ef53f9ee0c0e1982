import { expect, it } from 'vitest';
import { createVisibilityNews, type VisibilityNewsDependencies } from '../../../service/index/visibility-news.ts';
import type { RunInfo } from '../../../temporal/gateway.ts';

/** Makes a run as visibility shows it: `a` is open, `a.` has closed. */
function shown(name: string): RunInfo {
  const id = name.replace('.', '');
  const status = name.endsWith('.') ? 2 : 1;
  return { execution: { workflowId: id, runId: `run ${id}` }, status } as RunInfo; // all that is read here
}

/** The runs that the index has, with whether as closed, those that are set aside, and whether nothing was read before. */
interface Given {
  index?: Record<string, boolean>;
  aside?: string[];
  isNew?: boolean;
  /** When the rounds begin; one second after another unless given. */
  times?: number[];
}

/** Reads rounds of what visibility shows, and returns what was asked and written in each; `index` is what the index has. */
async function play(rounds: string[][], { index = {}, aside = [], isNew = false, times = [] }: Given = {}) {
  const rows = new Map(Object.entries(index).map(([id, isClosed]) => [`run ${id}`, isClosed]));
  const [asked, wrote, queries, found]: [string[][], string[][], string[], boolean[]] = [[], [], [], []];
  let page: RunInfo[] = [];
  const dependencies = {
    temporal: {
      namespace: 'default',
      async *list(query: string) {
        queries.push(query);
        yield page;
      },
    },
    store: {
      watermark: async () =>
        isNew && queries.length === 0 ? null : { started: new Date(1_000_000), closed: new Date(2_000_000) },
      known: async (_: string, ids: string[]) => {
        asked.at(-1)!.push(...ids);
        return rows;
      },
      write: async () => [],
      forgetBuried: async () => undefined,
    },
    isAside: (id: string) => aside.includes(id),
    write: async (news: readonly RunInfo[]) => {
      for (const { execution, status } of news) {
        wrote.at(-1)!.push(execution!.workflowId!);
        rows.set(execution!.runId!, status !== 1);
      }
    },
  } as unknown as VisibilityNewsDependencies; // all that it needs
  const news = createVisibilityNews(dependencies);
  for (const [at, names] of rounds.entries()) {
    page = names.map(shown);
    asked.push([]);
    wrote.push([]);
    found.push(await news.read(times[at] ?? 70_000 + at * 1_000));
  }
  return { asked, wrote, queries, found };
}

it.each<[string, string[][], Given, string[][], string[][]]>([
  ['nothing', [[], []], {}, [[], []], [[], []]],
  ['the same run again and again', [['a'], ['a'], ['a']], {}, [['a'], ['a'], []], [['a'], [], []]],
  ['a run that the index has', [['a'], ['a']], { index: { a: false } }, [['a'], []], [[], []]],
  [
    'a run that closes',
    [['a'], ['a.'], ['a.'], ['a.']],
    { index: { a: false } },
    [['a'], ['a'], ['a'], []],
    [[], ['a'], [], []],
  ],
  ['a run that the index has as closed', [['a.'], ['a.']], { index: { a: true } }, [['a'], []], [[], []]],
  ['another run next to it', [['a'], ['a', 'b']], { index: { a: false } }, [['a'], ['b']], [[], ['b']]],
  ['a run that comes back', [['a'], [], ['a']], { index: { a: false } }, [['a'], [], ['a']], [[], [], []]],
  [
    'the runs of a namespace that was never read',
    [['a'], ['a'], ['a']],
    { index: { a: false }, isNew: true },
    [['a'], ['a'], []],
    [[], [], []],
  ],
  ['a run that was set aside', [['a'], ['a']], { aside: ['a'] }, [[], []], [[], []]],
])('asks the index only of what it has not seen there: %s', async (_, rounds, given, asked, wrote) => {
  const played = await play(rounds, given);
  expect([played.asked, played.wrote]).toEqual([asked, wrote]);
  expect(played.found).toEqual(wrote.map((names) => names.length > 0));
});

it('writes nothing as long as there are no runs', async () => {
  const written: unknown[] = [];
  const store = {
    watermark: async () => null,
    write: async (_: unknown, seen: unknown) => void written.push(seen),
    forgetBuried: async (now: Date) => void written.push(now.getTime()),
  };
  const list = async function* (query: string) {
    yield query === '' ? [] : [shown('a')];
  };
  const isAside = () => false;
  const write = async () => undefined;
  const dependencies = { temporal: { namespace: 'default', list }, store, isAside, write } as never; // all that it needs
  const news = createVisibilityNews(dependencies);
  for (const now of [70_000, 71_000, 72_000]) expect(await news.read(now)).toBe(false);
  expect(written).toEqual([70_000]);
});

it('asks Temporal once a round, further back once a minute, and then asks the index of every run again', async () => {
  const { queries, asked } = await play(
    Array.from({ length: 62 }, () => ['a']),
    { index: { a: false } },
  );
  const query = (back: number) =>
    `StartTime >= "${new Date(1_000_000 - back).toISOString()}" OR CloseTime >= "${new Date(2_000_000 - back).toISOString()}"`;
  const long = [...queries.keys()].filter((at) => queries[at] === query(600_000));
  expect([queries.length, long]).toEqual([62, [0, 61]]);
  expect(queries.filter((each) => each === query(10_000))).toHaveLength(60);
  expect([...asked.keys()].filter((at) => asked[at]!.length > 0)).toEqual([0, 61]);
});

it('reads further back at once, and a minute later, when the clock is set back by hours', async () => {
  const times = [9_000_000, 9_001_000, 1_000_000, 1_001_000, 1_060_001];
  const { queries } = await play(
    times.map(() => ['a']),
    { times },
  );
  const [long] = queries;
  expect(queries.map((query) => query === long)).toEqual([true, false, true, false, true]);
});
