import { type Graph, renderMermaid } from '../../language/graph.ts';
import type { TaskTally } from '../../language/layout/drawing/states.ts';
import { drawGraph } from '../../language/layout/drawing/svg.ts';
import { LAYOUT_VERSION, type Layout, layoutGraph } from '../../language/layout/layout.ts';
import { AppError } from '../../model/app-error.ts';
import { BoundedMap } from '../../model/bounded-map.ts';
import type { Definition } from '../../model/definition.ts';
import type { DefinitionAlone } from '../../model/definition-requests.ts';
import { integerId } from '../../model/execution-id.ts';
import type { JobPool } from '../../model/job-pool.ts';
import { canonicalJson, type Json } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import { sha256Hex } from '../access/hash.ts';
import type { DefinitionService } from '../definitions/definitions.ts';
import { SMALL_DEFINITION } from '../definitions/examination.ts';
import type { RevisionPick } from '../definitions/reader.ts';
import type { ExecutionReader } from '../executions/reader.ts';
import { type GraphJobs, graphDefinition } from './jobs.ts';
import { conditionsOf, isSmallGraph } from './limits.ts';
import { tallyRun } from './tallies.ts';

/** The most that all kept layouts weigh. */
const KEPT_LAYOUTS = 200_000;

/** A definition whose graph can be drawn. */
export interface Drawable {
  tenant: string;
  /** The ref of the workflow or of the action, with the number of the run. */
  title: string;
  definition: Definition;
  /** The hash of the definition and of the version of the layout: the graph and the layout change only with it. */
  hash: string;
  /** The work of a run on each task; null: it is not the definition of a run. */
  tallies: ReadonlyMap<string, TaskTally> | null;
}

/**
 * Reads definitions, and draws their graphs. Large ones are laid out and drawn in the pool: everything may throw `busy`, and
 * `work_exceeded` for a graph that is too large.
 */
export interface GraphService {
  /** Reads a stored definition. Throws `workflow_not_found`. */
  readWorkflow(principal: Principal, ref: string, pick: RevisionPick): Promise<Drawable>;
  /** Takes a definition that is not stored. Throws `definition_invalid` with all issues. */
  readUnsaved(principal: Principal, body: DefinitionAlone): Promise<Drawable>;
  /**
   * Reads the definition that a run has kept since its start, with what the run has done. Throws `execution_not_found`, and
   * `history_unusable` where Temporal no longer has the run.
   */
  readRun(principal: Principal, id: string): Promise<Drawable>;
  /** Returns the graph. */
  graph(drawable: Drawable): Promise<Graph>;
  /** Returns the graph with the places of everything in a picture. */
  layout(drawable: Drawable): Promise<Layout>;
  /** Writes the graph as a Mermaid flowchart. */
  mermaid(drawable: Drawable): Promise<string>;
  /** Draws the graph as an SVG file, for a run with the states of its tasks. */
  svg(drawable: Drawable): Promise<string>;
}

/** The dependencies of the service. */
export interface GraphDependencies {
  definitions: Pick<DefinitionService, 'get' | 'validate'>;
  executions: Pick<ExecutionReader, 'get'>;
  pool: Pick<JobPool<GraphJobs>, 'run'>;
}

/** Creates the service. */
export function createGraphService({ definitions, executions, pool }: GraphDependencies): GraphService {
  // By the hash of their definition.
  const kept = new BoundedMap<string, Layout>(KEPT_LAYOUTS, weightOf);

  async function layout({ tenant, definition, hash }: Drawable): Promise<Layout> {
    const found = kept.get(hash) ?? (await findLayout(tenant, definition));
    // The layout that was used longest ago is dropped first.
    kept.set(hash, found);
    return found;
  }

  async function findLayout(tenant: string, definition: Definition): Promise<Layout> {
    const small = smallGraph(definition);
    return small === null ? pool.run('layout', tenant, { definition }) : layoutGraph(small);
  }

  return {
    async readWorkflow(principal, ref, pick) {
      const { definition } = await definitions.get(principal, ref, pick);
      return { tenant: principal.tenant, title: ref, definition, hash: hashOf(definition), tallies: null };
    },

    async readUnsaved(principal, body) {
      const { issues } = await definitions.validate(principal, body);
      if (issues.length > 0) throw refusal('definition_invalid', issues);
      const { definition } = body;
      return { tenant: principal.tenant, title: 'workflow', definition, hash: hashOf(definition), tallies: null };
    },

    async readRun(principal, id) {
      const { n, execution } = await executions.get(principal, id);
      const { run } = execution;
      if (run === null) throw new AppError('history_unusable', 'the definition of the execution is no longer recorded');
      const { ref, definition } = run;
      const title = `${ref}, execution ${integerId(n)}`;
      return { tenant: principal.tenant, title, definition, hash: hashOf(definition), tallies: tallyRun(execution) };
    },

    async graph({ tenant, definition }) {
      return smallGraph(definition) ?? pool.run('graph', tenant, { definition });
    },

    layout,

    async mermaid({ tenant, definition }) {
      const small = smallGraph(definition);
      return small === null ? pool.run('mermaid', tenant, { definition }) : renderMermaid(small);
    },

    async svg({ tenant, definition, title, tallies }) {
      const small = smallGraph(definition);
      return small === null
        ? pool.run('draw', tenant, { definition, title, tallies: tallies && [...tallies] })
        : drawGraph({ layout: layoutGraph(small), title, tallies });
    },
  };
}

/** Hashes a definition with the version of the layout. */
function hashOf(definition: Definition): string {
  // Only the type allows undefined fields: the definition came from JSON.
  return sha256Hex(`${LAYOUT_VERSION} ${canonicalJson(definition as unknown as Json)}`);
}

/**
 * Returns the graph of a definition if everything is made of it within some milliseconds, on the event loop; otherwise null. Throws
 * `work_exceeded`.
 */
function smallGraph(definition: Definition): Graph | null {
  if (JSON.stringify(definition).length > SMALL_DEFINITION) return null;
  const graph = graphDefinition({ definition });
  return isSmallGraph(graph) ? graph : null;
}

/** Weighs a layout: 10, and 1 for each task, transition, point of a line, and 100 characters of a condition. */
function weightOf(layout: Layout): number {
  const points = layout.edges.reduce((sum, edge) => sum + edge.points.length, 0);
  return 10 + layout.nodes.length + layout.edges.length + points + Math.ceil(conditionsOf(layout) / 100);
}
