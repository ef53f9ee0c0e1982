import { expect, it } from 'vitest';
import { Callable } from '../../expression/values.ts';
import { readValues } from '../../language/templates/reads.ts';
import { compileCondition, createCompilation } from '../../language/templates/value.ts';
import type { Json } from '../../model/json.ts';

const DATA: Record<string, Json> = { total: 90, order: { id: 'x', lines: [{ price: 1 }, { price: 2 }] }, name: 'id' };

let drawn = 0;
const FUNCTIONS: Record<string, Callable> = {
  result: new Callable(() => ({ body: { ok: true } })),
  uuid: new Callable(() => {
    drawn += 1;
    return 'drawn';
  }),
};

const scope = {
  lookup: (root: string) => DATA[root] ?? FUNCTIONS[root],
  names: () => Object.keys(DATA),
  dialect: 3 as const,
};

function readsOf(text: string) {
  return readValues(compileCondition(text, '/when', createCompilation([])), scope).map(({ path, ...rest }) => [
    path,
    'value' in rest ? rest.value : undefined,
  ]);
}

it.each<[when: string, read: [path: string, value: Json | undefined][]]>([
  ['total > 100', [['total', 90]]],
  ['{{ total > 100 and total < 200 }}', [['total', 90]]],
  [
    "order.id == 'x' or order['lines'][1].price > total",
    [
      ['order.id', 'x'],
      ['order["lines"][1].price', 2],
      ['total', 90],
    ],
  ],
  ['result().body.ok', [['result().body.ok', true]]],
  ['order.lines | length > 1', [['order.lines', DATA.order!['lines' as never]]]],
  [
    'order.id.startswith(name)',
    [
      ['order.id', 'x'],
      ['name', 'id'],
    ],
  ],
  [
    'order[name] is defined',
    [
      ['order', DATA.order],
      ['name', 'id'],
    ],
  ],
  [
    'gone is defined and gone.id == order.none',
    [
      ['gone', undefined],
      ['gone.id', undefined],
      ['order.none', undefined],
    ],
  ],
  ['range(total) | length > 1', [['total', 90]]],
  ["uuid() == 'drawn'", []],
  ['true', []],
])('the condition %s reads %j', (when, read) => {
  expect(readsOf(when)).toEqual(read);
  // Reading again changes nothing.
  expect(drawn).toBe(0);
});
