import type { PlacedEdge } from '../layout.ts';
import type { Point } from '../lines.ts';
import { LABEL, labelText } from '../measures.ts';
import { escapeXml } from './text.ts';

/** The radius of a corner. */
const RADIUS = 8;
/** The most characters of a condition in the title of an edge. */
const TITLED = 300;
const HEAD = { length: 7, half: 4 };

/** Draws an edge as one line with round corners and an arrow head. */
export function drawEdge(edge: PlacedEdge): string {
  const { on, points } = edge;
  const kind = on === 'failure' ? 'failure' : 'other';
  const paths = `<path class="edge" d="${linePath(points)}"/><path class="head" d="${headPath(points)}"/>`;
  return `<g class="${kind}"><title>${escapeXml(describeEdge(edge))}</title>${paths}</g>`;
}

/** Describes an edge in one line of words. */
export function describeEdge({ from, to, on, when }: Pick<PlacedEdge, 'from' | 'to' | 'on' | 'when'>): string {
  const condition = when === null ? (on === 'complete' ? '' : ` after ${on}`) : ` when ${cut(when)}`;
  return `${from} leads to ${to}${condition}`;
}

/** Draws the label of an edge; empty where it has none. */
export function drawLabel({ when, label }: PlacedEdge): string {
  if (label === null || when === null) return '';
  const { x, y, w } = label;
  const box = `<rect x="${x}" y="${y}" width="${w}" height="${LABEL.height}" rx="5"/>`;
  return `<g class="label">${box}<text x="${x + w / 2}" y="${y + 12.5}">${escapeXml(labelText(when))}</text></g>`;
}

function cut(condition: string): string {
  return condition.length <= TITLED ? condition : `${condition.slice(0, TITLED)}…`;
}

/** Returns the path of a line with round corners, up to its arrow head. */
export function linePath(points: readonly Point[]): string {
  const commands: string[] = [];
  for (const [index, point] of points.entries()) {
    const [before, after] = [points[index - 1], points[index + 1]];
    if (before === undefined) commands.push(`M${point[0]} ${point[1]}`);
    else if (after === undefined) commands.push(`L${along(point, before, HEAD.length - 1)}`);
    else {
      // Half of a short segment belongs to each of its corners.
      const radius = Math.min(RADIUS, lengthOf(before, point) / 2, lengthOf(point, after) / 2);
      commands.push(`L${along(point, before, radius)}Q${point[0]} ${point[1]} ${along(point, after, radius)}`);
    }
  }
  return commands.join('');
}

/** Returns the path of the arrow head at the end of a line. */
export function headPath(points: readonly Point[]): string {
  const [before, [x, y]] = [points.at(-2)!, points.at(-1)!];
  const [base, half] = [HEAD.length, HEAD.half];
  return before[1] === y
    ? `M${x} ${y}l${Math.sign(before[0] - x) * base} ${-half}v${2 * half}z`
    : `M${x} ${y}l${-half} ${Math.sign(before[1] - y) * base}h${2 * half}z`;
}

function lengthOf(a: Point, b: Point): number {
  return Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]);
}

/** Returns the point at a distance from one point towards another. */
function along([x, y]: Point, [toX, toY]: Point, distance: number): string {
  return `${x + Math.sign(toX - x) * distance} ${y + Math.sign(toY - y) * distance}`;
}
