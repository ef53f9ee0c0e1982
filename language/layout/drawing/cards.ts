import type { PlacedNode } from '../layout.ts';
import { CARD } from './card-shape.ts';
import { iconPath } from './icons.ts';
import { STATE_MARKS, type TaskTally, tallyWords } from './states.ts';
import { escapeXml, shortened } from './text.ts';

/** How a run begins with a task: a new run, or the cleanup of a stopped one. */
export type Beginning = 'start' | 'stopped' | null;

const TEXT_LEFT = CARD.text.x;
const NAME_CHARACTER = 7.3;
const SMALL_CHARACTER = 5.9;

/**
 * Draws a task as a card. `tally` is what a run has done with it; null: the run has not come to it; undefined: the picture is not of a
 * run.
 */
export function drawCard(node: PlacedNode, begins: Beginning, tally: TaskTally | null | undefined): string {
  const { name, action, x, y, w, h, items, cleanup } = node;
  const state = tally ? STATE_MARKS[tally.state] : null;
  const classes = ['task', cleanup && 'cleanup', tally === null && 'waiting', state?.colour].filter(Boolean).join(' ');
  const { tile } = CARD;
  const room = w - TEXT_LEFT - CARD.text.end;
  return [
    `<g class="${classes}" transform="translate(${x} ${y})">`,
    `<title>${escapeXml(describeTask(node, tally))}</title>`,
    // A task with items looks like a pile of cards.
    items
      ? `<rect class="card" x="${CARD.pile}" y="${CARD.pile}" width="${w}" height="${h}" rx="${CARD.radius}"/>`
      : '',
    `<rect class="card" width="${w}" height="${h}" rx="${CARD.radius}"/>`,
    `<rect class="tile" x="${tile.x}" y="${tile.y}" width="${tile.size}" height="${tile.size}" rx="${tile.radius}"/>`,
    `<path class="icon" transform="${CARD.icon}" d="${iconPath(action)}"/>`,
    `<text class="name" x="${TEXT_LEFT}" y="${CARD.name}">${escapeXml(shortened(name, room, NAME_CHARACTER))}</text>`,
    tally ? drawState(tally, room) : drawAction(action, room),
    drawNotes(node, begins),
    '</g>',
  ].join('');
}

function drawAction(action: string, room: number): string {
  const text = escapeXml(shortened(action, room, SMALL_CHARACTER));
  return `<text class="small" x="${TEXT_LEFT}" y="${CARD.words}">${text}</text>`;
}

function drawState(tally: TaskTally, room: number): string {
  const [word, ...more] = tallyWords(tally).split(', ');
  const mark = `<path class="mark" transform="${CARD.mark}" d="${STATE_MARKS[tally.state].path}"/>`;
  const rest = more.length === 0 ? '' : ` · ${more.join(' · ')}`;
  const shown = shortened(rest, room - CARD.markRoom - word!.length * SMALL_CHARACTER, SMALL_CHARACTER);
  const text = `<tspan class="state">${word}</tspan>${escapeXml(rest === '' ? '' : shown).replace(/^ /, '&#160;')}`;
  return `${mark}<text class="small" x="${TEXT_LEFT + CARD.markRoom}" y="${CARD.words}">${text}</text>`;
}

/** Draws what is special about a task on the border of its card: where a run begins, and for how many tasks it waits. */
function drawNotes({ join, w }: PlacedNode, begins: Beginning): string {
  const symbol = begins === 'start' ? 'M-2.5-4l6 4l-6 4z' : 'M-3-3h6v6h-6z';
  const start =
    begins === null
      ? ''
      : `<g class="start ${begins}"><circle r="9" cx="4" cy="4"/><path transform="translate(4 4)" d="${symbol}"/></g>`;
  if (join === null) return start;
  const { join: badge } = CARD;
  const text = `join ${join}`;
  const width = text.length * SMALL_CHARACTER + badge.padding;
  const left = w - width - badge.end;
  return `${start}<g class="badge"><rect x="${left}" y="${-badge.height / 2}" width="${width}" height="${badge.height}" rx="${badge.radius}"/><text x="${left + width / 2}" y="3.5">${text}</text></g>`;
}

/** Describes a task in one line of words. */
export function describeTask({ name, action, join, items }: PlacedNode, tally: TaskTally | null | undefined): string {
  const notes = [
    ...(join === null ? [] : [join === 'all' ? 'waits for all tasks before it' : `waits for ${join} tasks before it`]),
    ...(items ? ['runs once for each item'] : []),
    ...(tally === undefined ? [] : [tally === null ? 'not begun' : tallyWords(tally)]),
  ];
  return `${name} (${action})${notes.map((note) => `, ${note}`).join('')}`;
}
