import { CARD } from '../../language/layout/drawing/card-shape.ts';
import { iconPath } from '../../language/layout/drawing/icons.ts';
import { STATE_MARKS, tallyWords } from '../../language/layout/drawing/states.ts';
import { shortened } from '../../language/layout/drawing/text.ts';
import type { RunGraph } from '../client/shapes.ts';
import type { TaskLook, TaskWork } from './tallies.ts';

const TEXT_LEFT = CARD.text.x;
// The console's letters are wider than those of a picture in a document.
const NAME_WIDTH = 8.2;
const SMALL_WIDTH = 6.1;

type Node = RunGraph['nodes'][number];

/** What a card is given. */
interface CardProps {
  node: Node;
  /** Null: the picture is of a definition. */
  work: TaskWork | null;
  begins: boolean;
  isSelected: boolean;
  /** Whether it is the one that is reached with the tabulator. */
  isCurrent: boolean;
  open: () => void;
  focus: () => void;
}

/** A task of the graph: a button that opens what the run has done with it. */
export function TaskCard({ node, work, begins, isSelected, isCurrent, open, focus }: CardProps) {
  const { name, action, x, y, w, h, items, join, cleanup } = node;
  const look = work && lookOf(work);
  const looks = look?.colour ?? (work === null ? 'plain' : 'pale');
  const { tile } = CARD;
  const room = w - TEXT_LEFT - CARD.text.end;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a part of a picture
    <g
      class={`task ${looks} ${cleanup ? 'cleanup' : ''} ${isSelected ? 'selected' : ''}`}
      transform={`translate(${x} ${y})`}
      role="button"
      tabIndex={isCurrent ? 0 : -1}
      aria-pressed={isSelected}
      aria-disabled={!work?.key}
      data-task={name}
      onClick={open}
      onFocus={focus}
      onKeyDown={({ key }) => key === 'Enter' && open()}
    >
      {/* Names the button, and is shown next to the pointer. */}
      <title>{`${name}, ${action}${work === null ? '' : `: ${work.words}`}`}</title>
      {items && <rect class="card-box" x={CARD.pile} y={CARD.pile} width={w} height={h} rx={CARD.radius} />}
      <rect class="card-box" width={w} height={h} rx={CARD.radius} />
      <rect class="tile" x={tile.x} y={tile.y} width={tile.size} height={tile.size} rx={tile.radius} />
      <path class="icon" transform={CARD.icon} d={iconPath(action)} />
      <text class="name" x={TEXT_LEFT} y={CARD.name}>
        {shortened(name, room, NAME_WIDTH)}
      </text>
      {look === null ? (
        <text class="small-text" x={TEXT_LEFT} y={CARD.words}>
          {shortened(action, room, SMALL_WIDTH)}
        </text>
      ) : (
        <>
          <path class="mark-line" transform={CARD.mark} d={look.path} />
          <text class="small-text state" x={TEXT_LEFT + CARD.markRoom} y={CARD.words}>
            {shortened(look.words, room - CARD.markRoom, SMALL_WIDTH)}
          </text>
        </>
      )}
      {begins && <path class="begin" d="M-1-3.5a9 9 0 1 1 0 15a9 9 0 0 1 0-15M2 0l6 4l-6 4z" />}
      {join !== null && <JoinBadge join={join} width={w} />}
    </g>
  );
}

function lookOf({ look, tally }: TaskWork): TaskLook | null {
  if (look !== undefined || tally === null) return look ?? null;
  return { ...STATE_MARKS[tally.state], words: tallyWords(tally).replaceAll(', ', ' · ') };
}

function JoinBadge({ join, width }: { join: string | number; width: number }) {
  const { join: badge } = CARD;
  const text = `join ${join}`;
  const length = text.length * SMALL_WIDTH + badge.padding;
  return (
    <g class="join" transform={`translate(${width - length - badge.end} ${-badge.height / 2})`}>
      <rect width={length} height={badge.height} rx={badge.radius} />
      <text x={length / 2} y="11.5">
        {text}
      </text>
    </g>
  );
}
