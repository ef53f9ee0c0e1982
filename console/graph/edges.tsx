import { describeEdge, headPath, linePath } from '../../language/layout/drawing/edges.ts';
import { labelText } from '../../language/layout/measures.ts';
import type { RunGraph } from '../client/shapes.ts';
import { edgeName } from './tallies.ts';

/** The transitions of the graph; those that the run has taken are drawn solid, and last, so that no pale one covers them. */
export function Edges({ graph, taken }: { graph: RunGraph; taken: ReadonlySet<string> }) {
  const isTaken = ({ from, to }: RunGraph['edges'][number]) => taken.has(edgeName(from, to));
  const ordered = [...graph.edges].sort((a, b) => Number(isTaken(a)) - Number(isTaken(b)));
  return (
    <g>
      {ordered.map((edge) => (
        <g
          class={`edge ${edge.on === 'failure' ? 'failure' : ''} ${isTaken(edge) ? 'taken' : ''}`}
          key={`${edgeName(edge.from, edge.to)} ${edge.on} ${edge.when}`}
        >
          <title>{describeEdge(edge)}</title>
          <path class="line" d={linePath(edge.points)} />
          <path class="head" d={headPath(edge.points)} />
        </g>
      ))}
      {ordered.map(
        ({ label, when, from, to }) =>
          label !== null &&
          when !== null && (
            <g class="label" key={`${edgeName(from, to)} ${when}`} transform={`translate(${label.x} ${label.y})`}>
              <rect width={label.w} height="18" rx="5" />
              <text x={label.w / 2} y="12.5">
                {labelText(when)}
              </text>
            </g>
          ),
      )}
    </g>
  );
}
