import { expect, it } from 'vitest';
import { Callable } from '../../expression/values.ts';
import { readValues } from '../../language/templates/reads.ts';
import { compileCondition, createCompilation } from '../../language/templates/value.ts';
import type { Json } from '../../model/json.ts';
import { preview } from '../../model/preview.ts';
import { WorkMeter } from '../../model/work.ts';

const DATA: Record<string, Json> = {
  total: 90,
  order: { id: 'x', lines: [{ price: 1 }, { price: 2 }] },
  name: 'id',
  many: Array.from({ length: 2_000 }, (_, at) => at),
  long: 'x'.repeat(100_000),
};

let drawn = 0;
const FUNCTIONS: Record<string, Callable> = {
  result: new Callable(() => ({ body: { ok: true } })),
  uuid: new Callable(() => {
    drawn += 1;
    return 'drawn';
  }),
};

const createScope = () => ({
  lookup: (root: string) => DATA[root] ?? FUNCTIONS[root],
  names: () => Object.keys(DATA),
  dialect: 3 as const,
  meter: new WorkMeter(1_000),
});

function readsOf(text: string) {
  return readValues(compileCondition(text, '/when', createCompilation([])), createScope);
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
  // Each value has a limit to itself.
  [
    'many | length > total and long != name and many[1999] > 1',
    [
      ['total', 90],
      ['name', 'id'],
      ['many[1999]', 1999],
    ],
  ],
])('the condition %s reads %j', (when, read) => {
  expect(readsOf(when)).toEqual(
    read.map(([path, value]) => ({ path, value: value === undefined ? null : preview(value) })),
  );
  // Reading again changes nothing.
  expect(drawn).toBe(0);
});

it('the first 20 paths of a condition are read, each once', () => {
  const names = Array.from({ length: 30 }, (_, at) => `order.lines[${at}].price`);
  const paths = readsOf([...names, ...names].map((name) => `${name} == 1`).join(' and ')).map(({ path }) => path);
  expect(paths).toEqual(names.slice(0, 20));
});

it('a condition that is nested deeper than calls can be is read all the same', () => {
  let deep = 'range(1)';
  for (let level = 0; level < 15; level += 1) deep = `(${deep}${'.x'.repeat(900)})`;
  expect(readsOf(`total + ${deep}`)).toEqual([{ path: 'total', value: preview(90) }]);
});
