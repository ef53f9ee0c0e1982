import type { Definition } from '../model/definition.ts';
import { compileDefinition } from './definition-compiler.ts';
import type { Program } from './program.ts';
import type { TransitionOn } from './transitions.ts';

/** A task, as a node. */
export interface GraphNode {
  name: string;
  action: string;
  /** The tasks that it waits for: all that lead to it, or so many. */
  join: 'all' | number | null;
  /** Whether it runs once for each item of a list. */
  items: boolean;
  /** Whether only the cleanup after a cancel request or a timeout leads to it. */
  cleanup: boolean;
}

/** A transition from one task to another; `when` is its condition as it was written. */
export interface GraphEdge {
  from: string;
  to: string;
  when: string | null;
  on: TransitionOn;
}

/** A definition as a graph; `entries` are the first tasks of a run, `cleanup` the first ones of its cleanup. */
export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
  entries: string[];
  cleanup: string[];
}

/** Returns the graph of a definition without issues. A list has the edges that it implies. */
export function buildGraph(definition: Definition): Graph {
  const program = compileDefinition(definition);
  return {
    nodes: [...program.tasks.values()].map(({ name, action, index, items }) => ({
      name,
      action,
      join: definition.tasks[index]!.join ?? null,
      items: items !== null,
      cleanup: program.cleanupOnly.has(name),
    })),
    edges: edgesOf(program),
    entries: [...program.entries],
    cleanup: [...program.cleanup.entries],
  };
}

function edgesOf({ definition, tasks }: Program): GraphEdge[] {
  return [...tasks.values()].flatMap(({ name, index, transitions }) =>
    transitions.flatMap(({ on, targets, retry }, at) => {
      const when = definition.tasks[index]?.next?.[at]?.when ?? null;
      return [...targets, ...(retry ? [name] : [])].map((to) => ({ from: name, to, when, on }));
    }),
  );
}

/** Writes a graph as a Mermaid flowchart. */
export function renderMermaid({ nodes, edges, entries, cleanup }: Graph): string {
  // Names may be keywords of Mermaid, such as `end`.
  const ids = new Map(nodes.map(({ name }, index) => [name, `t${index}`]));
  const label = ({ on, when }: GraphEdge) => when ?? (on === 'complete' ? null : on);
  const lines = [
    'flowchart TD',
    '  start((start))',
    ...nodes.map(({ name, action, join, items }) => {
      const notes = [...(join === null ? [] : [`join: ${join}`]), ...(items ? ['with items'] : [])];
      return `  ${ids.get(name)}["${[name, action, ...notes].map(quoted).join('<br/>')}"]`;
    }),
    ...entries.map((name) => `  start --> ${ids.get(name)}`),
    ...edges.map((edge) => {
      const words = label(edge);
      const arrow = words === null ? '-->' : `-->|"${quoted(words)}"|`;
      return `  ${ids.get(edge.from)} ${arrow} ${ids.get(edge.to)}`;
    }),
    ...(cleanup.length === 0 ? [] : ['  stopped((stopped))']),
    ...cleanup.map((name) => `  stopped -.-> ${ids.get(name)}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Escapes text between quotes: Mermaid has entities for characters that end the quotes or have a meaning in them. */
function quoted(text: string): string {
  const entities: Record<string, string> = { '"': '#quot;', '#': '#35;', '<': '#lt;', '>': '#gt;', '\n': ' ' };
  return text.replaceAll(/["#<>\n]/g, (character) => entities[character]!);
}
