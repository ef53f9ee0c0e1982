import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Graph } from '../../../language/graph.ts';
import type { TaskTally } from '../../../language/layout/drawing/states.ts';
import { drawGraph } from '../../../language/layout/drawing/svg.ts';
import { layoutGraph } from '../../../language/layout/layout.ts';
import type { Definition } from '../../../model/definition.ts';
import { TASK_STATES } from '../../../model/status.ts';
import { layoutDefinition } from '../../../service/graphs/jobs.ts';

const node = (name: string, more: Partial<Graph['nodes'][number]> = {}) => ({
  name,
  action: 'core.noop',
  join: null,
  items: false,
  cleanup: false,
  ...more,
});

/** Draws a graph of tasks that follow each other. */
function draw(
  nodes: Graph['nodes'],
  when: string | null = null,
  tallies: Map<string, TaskTally> | null = null,
): string {
  const edges = nodes
    .slice(1)
    .map(({ name }, index) => ({ from: nodes[index]!.name, to: name, when, on: 'complete' as const }));
  const layout = layoutGraph({ nodes, edges, entries: [nodes[0]!.name], cleanup: [] });
  return drawGraph({ layout, title: 'examples.drawn', tallies });
}

/** Returns the texts of a picture; throws where its elements are not closed in order, or a character is not allowed. */
function textsOf(svg: string): string[] {
  expect(svg.replaceAll('\n', ' ')).not.toMatch(/[\p{Cc}\p{Cs}]/u);
  const open: string[] = [];
  const texts: string[] = [];
  for (const [, text, closes, name, attributes, closed] of svg.matchAll(
    /([^<>]*)<(\/?)([a-z]+)((?: [a-z-]+="[^"<>]*")*)(\/?)>/gi,
  )) {
    if (text!.trim() !== '') texts.push(text!.trim());
    expect(text).not.toMatch(/&(?!(?:amp|lt|gt|quot|apos|#160);)/);
    expect(attributes).not.toMatch(/ (?:on\w+|href)=/);
    if (closes === '/') expect(open.pop()).toBe(name);
    else if (closed === '') open.push(name!);
  }
  expect(open).toEqual([]);
  return texts.filter((text) => !text.startsWith('.fermata-graph'));
}

it('has a title, a description, and its words as text', () => {
  const texts = textsOf(
    draw([node('fetch', { action: 'core.http' }), node('each', { items: true, join: 'all' })], 'a > 1'),
  );
  expect(texts).toEqual([
    'examples.drawn',
    'fetch (core.http); each (core.noop), waits for all tasks before it, runs once for each item.',
    ...['fetch leads to each when a &gt; 1', 'a &gt; 1'],
    ...['fetch (core.http)', 'fetch', 'core.http'],
    ...['each (core.noop), waits for all tasks before it, runs once for each item', 'each', 'core.noop', 'join all'],
  ]);
});

it.each(TASK_STATES)('a task of a run shows that it is %s, by word, colour and picture', (state) => {
  const tallies = new Map([['fetch', { state, visits: 3, items: 7 }]]);
  const texts = textsOf(draw([node('fetch'), node('later')], null, tallies));
  expect(texts).toContain(state);
  expect(texts).toContain(`fetch (core.noop), ${state}, 3 visits, 7 items`);
  expect(texts).toContain('later (core.noop), not begun');
});

it.each([
  ['markup', '<script>alert(1)</script>'],
  ['an end of an attribute', '" onload="alert(1)'],
  ['an end of a comment or of CDATA', ']]>--><svg onload="x">'],
  ['entities', '&lt; &amp; &#x3c; &unknown;'],
  ['control characters', 'a\u0000b\u001b[31mc\u007fd\ufffe'],
  ['half a character', 'a\ud800b'],
  ['another direction', 'a\u202eb\u2066c'],
  ['ten thousand characters', 'x'.repeat(10_000)],
  ['a property of every object', '__proto__'],
])('%s in texts is shown as text', (_, text) => {
  const svg = draw([node(text, { action: `x.${text}` }), node('other')], text, new Map());
  expect(textsOf(svg).length).toBeGreaterThan(5);
  expect(svg).not.toMatch(/<script|<svg .*<svg|[\u202a-\u202e\u2066-\u2069]/s);
});

it('the tooltip of an edge has the first 300 characters of its condition', () => {
  const texts = textsOf(draw([node('a'), node('b')], 'x'.repeat(301)));
  expect(texts).toContain(`a leads to b when ${'x'.repeat(300)}…`);
  expect(textsOf(draw([node('a'), node('b')], 'x'.repeat(300)))).toContain(`a leads to b when ${'x'.repeat(300)}`);
});

it('long names are cut, and whole in the tooltip', () => {
  const name = 'a_name_of_a_task_that_is_far_too_long_for_its_card';
  const texts = textsOf(draw([node(name)]));
  expect(texts).toContain(`${name} (core.noop)`);
  expect(
    texts.filter((text) => text.endsWith('…') && name.startsWith(text.slice(0, -1)) && text.length < 25),
  ).toHaveLength(1);
});

it('draws the picture of docs/graphs.md; with -u the test writes it', async () => {
  const { definition } = parse(await readFile('examples/incident/workflow.yaml', 'utf8')) as { definition: Definition };
  const done = (state: TaskTally['state']) => ({ state, visits: 1, items: null });
  const tallies = new Map<string, TaskTally>([
    ['health', done('completed')],
    ['changes', done('failed')],
    ['page', done('completed')],
    ['acknowledged', done('timeout')],
    ['escalate', done('running')],
  ]);
  const picture = drawGraph({
    layout: layoutDefinition({ definition }),
    title: 'examples.incident, an execution',
    tallies,
  });
  await expect(picture).toMatchFileSnapshot('../../../docs/graph.svg');
});
