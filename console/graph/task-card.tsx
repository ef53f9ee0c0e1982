import { iconPath } from '../../language/layout/drawing/icons.ts';
import { STATE_MARKS, tallyWords } from '../../language/layout/drawing/states.ts';
import { shortened } from '../../language/layout/drawing/text.ts';
import type { RunGraph } from '../client/shapes.ts';
import type { TaskWork } from './tallies.ts';

const TEXT_LEFT = 46;
const NAME_WIDTH = 8.2;
const SMALL_WIDTH = 6.8;

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
  const tally = work?.tally ?? null;
  const looks = tally !== null ? STATE_MARKS[tally.state].colour : work === null ? 'plain' : 'pale';
  const room = w - TEXT_LEFT - 10;
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
      {items && <rect class="card-box" x="5" y="5" width={w} height={h} rx="9" />}
      <rect class="card-box" width={w} height={h} rx="9" />
      <rect class="tile" x="9" y="10" width="28" height="28" rx="7" />
      <path class="icon" transform="translate(15 16)" d={iconPath(action)} />
      <text class="name" x={TEXT_LEFT} y="21">
        {shortened(name, room, NAME_WIDTH)}
      </text>
      {tally === null ? (
        <text class="small-text" x={TEXT_LEFT} y="37">
          {shortened(action, room, SMALL_WIDTH)}
        </text>
      ) : (
        <>
          <path
            class="mark-line"
            transform={`translate(${TEXT_LEFT} 27) scale(.75)`}
            d={STATE_MARKS[tally.state].path}
          />
          <text class="small-text state" x={TEXT_LEFT + 16} y="37">
            {shortened(tallyWords(tally).replaceAll(', ', ' · '), room - 16, SMALL_WIDTH)}
          </text>
        </>
      )}
      {begins && <path class="begin" d="M-1-3.5a9 9 0 1 1 0 15a9 9 0 0 1 0-15M2 0l6 4l-6 4z" />}
      {join !== null && <JoinBadge join={join} width={w} />}
    </g>
  );
}

function JoinBadge({ join, width }: { join: string | number; width: number }) {
  const text = `join ${join}`;
  const length = text.length * SMALL_WIDTH + 12;
  return (
    <g class="join" transform={`translate(${width - length - 8} -8)`}>
      <rect width={length} height="16" rx="8" />
      <text x={length / 2} y="11.5">
        {text}
      </text>
    </g>
  );
}
