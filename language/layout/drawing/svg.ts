import type { Layout } from '../layout.ts';
import { type Beginning, describeTask, drawCard } from './cards.ts';
import { drawEdge, drawLabel } from './edges.ts';
import type { TaskTally } from './states.ts';
import { PICTURE_STYLE } from './style.ts';
import { escapeXml } from './text.ts';

/** The most tasks that the description of a picture names. */
const DESCRIBED = 50;

/** The contents of a picture. */
export interface Picture {
  layout: Layout;
  /** Its title, such as the ref of a workflow. */
  title: string;
  /** The work of a run on each task; null: the picture is of a definition. */
  tallies: ReadonlyMap<string, TaskTally> | null;
}

/**
 * Draws a graph as an SVG file: light or dark as the reader prefers, with its texts as text, a title and a description. The file needs
 * nothing else, and contains no script.
 */
export function drawGraph({ layout, title, tallies }: Picture): string {
  const { width, height, nodes, edges } = layout;
  const entries = new Set(layout.entries);
  const cleanup = new Set(layout.cleanup);
  const tallyOf = (name: string) => (tallies === null ? undefined : (tallies.get(name) ?? null));
  const beginning = (name: string): Beginning => (entries.has(name) ? 'start' : cleanup.has(name) ? 'stopped' : null);
  const described = nodes.slice(0, DESCRIBED).map((node) => describeTask(node, tallyOf(node.name)));
  const more = nodes.length - described.length;
  const description = `${[...described, ...(more > 0 ? [`and ${more} more tasks`] : [])].join('; ')}.`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="fermata-graph" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="fermata-title fermata-description">`,
    `<title id="fermata-title">${escapeXml(title)}</title>`,
    `<desc id="fermata-description">${escapeXml(description)}</desc>`,
    `<style>${PICTURE_STYLE}</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="12"/>`,
    ...edges.map(drawEdge),
    ...edges.map(drawLabel).filter((label) => label !== ''),
    ...nodes.map((node) => drawCard(node, beginning(node.name), tallyOf(node.name))),
    '</svg>\n',
  ].join('\n');
}
