import { describeEdge, headPath, linePath } from '../../language/layout/drawing/edges.ts';
import { LABEL, labelText } from '../../language/layout/measures.ts';
import type { RunGraph } from '../client/shapes.ts';
import { meets, type Region, regionAround, regionOf } from './regions.ts';
import { edgeName } from './tallies.ts';

type Edge = RunGraph['edges'][number];

/**
 * The transitions of the graph that touch a region; those that the run has taken are drawn solid, and last, so that no pale one covers them.
 */
export function Edges({ graph, region, taken }: { graph: RunGraph; region: Region; taken: ReadonlySet<string> }) {
  const isTaken = ({ from, to }: Edge) => taken.has(edgeName(from, to));
  const ordered = graph.edges
    .filter((edge) => touches(edge, region))
    .sort((a, b) => Number(isTaken(a)) - Number(isTaken(b)));
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
              <rect width={label.w} height={LABEL.height} rx="5" />
              <text x={label.w / 2} y="12.5">
                {labelText(when)}
              </text>
            </g>
          ),
      )}
    </g>
  );
}

/** Returns whether the line of an edge or its label may be seen in a region. */
function touches({ points, label }: Edge, region: Region): boolean {
  return (
    meets(region, regionAround(points)) || (label !== null && meets(region, regionOf({ ...label, h: LABEL.height })))
  );
}
