import { ATOMS, KINDS, type Kind } from './context.ts';
import { createChance, type Draw, type Maker } from './draw.ts';
import { flagMakers } from './flags.ts';
import { dictMakers, listMakers } from './lists.ts';
import { numberMakers } from './numbers.ts';
import { ownMakers } from './own.ts';
import { statementMakers } from './statements.ts';
import { textMakers } from './texts.ts';

/** Makes templates from a seed: the same for the same seed. */
export function createGenerator(seed: number): () => string {
  const { upTo, pick, chance } = createChance(seed);
  const draw: Draw = { upTo, pick, chance, of, any: (depth) => of(pick(KINDS), depth) };
  const makers: Record<Kind, readonly Maker[]> = {
    number: numberMakers(draw),
    text: textMakers(draw),
    list: listMakers(draw),
    dict: dictMakers(draw),
    flag: flagMakers(draw),
  };
  const statements = statementMakers(draw);
  const own = ownMakers(draw);

  function of(kind: Kind, depth: number): string {
    // Now and then, a value of another kind than is wanted: what is refused must be refused by both.
    const wanted = chance(0.05) ? pick(KINDS) : kind;
    if (chance(0.02)) return pick(['nope', 'd.zz', 'nul.x', 'xs[9]']);
    return depth <= 0 || chance(0.25) ? pick(ATOMS[wanted]) : pick(makers[wanted])(depth - 1);
  }

  function template(): string {
    if (chance(0.2)) return pick(statements)();
    if (chance(0.15)) return `{{ ${pick(own)(upTo(2))} }}`;
    return `{{ ${draw.any(1 + upTo(3))} }}`;
  }
  return () => template() + (chance(0.5) ? '' : '|');
}
