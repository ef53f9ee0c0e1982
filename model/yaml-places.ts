import { isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import { composeYaml, findPlace, findTargets, type TextPlace, YamlMalformed } from './yaml.ts';

/**
 * Finds where values stand in a text of YAML or JSON, by their JSON pointers: a text, a number or the like at its beginning, a map or a
 * list in a map at its key. A pointer to what is not there gives the innermost value around it; an alias stands where it is written. All are
 * null for a text that has more tokens or levels than YAML may have.
 */
export function findValuePlaces(text: string, pointers: readonly string[]): (TextPlace | null)[] {
  const root = compose(text);
  if (root === null) return pointers.map(() => null);
  const targets = findTargets(root);
  return pointers.map((pointer) => {
    const keys = pointer.split('/').slice(1);
    return findPlace(text, findOffset(root, targets, keys));
  });
}

function compose(text: string): Node | null {
  try {
    return composeYaml(text);
  } catch (error) {
    if (error instanceof YamlMalformed) return null;
    throw error;
  }
}

function findOffset(root: Node, targets: ReadonlyMap<Node, Node>, keys: readonly string[]): number {
  let node: unknown = root;
  let offset = root.range?.[0] ?? 0;
  for (const key of keys.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))) {
    const inside = isAlias(node) ? targets.get(node) : node;
    if (isSeq(inside)) {
      node = inside.items[Number(key)];
      if (node === undefined) return offset;
      offset = (node as Node | null)?.range?.[0] ?? offset;
      continue;
    }
    const pair: Pair | undefined = isMap(inside)
      ? inside.items.find((each) => isScalar(each.key) && each.key.value === key)
      : undefined;
    if (pair === undefined) return offset;
    node = pair.value;
    const named = isMap(node) || isSeq(node) || node === null ? pair.key : node;
    offset = (named as Node).range?.[0] ?? offset;
  }
  return offset;
}
