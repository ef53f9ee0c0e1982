import { parseArgs } from 'node:util';
import { CROWDS } from './crowds.ts';
import { createStage } from './stage.ts';
import { prepare, storm } from './storm.ts';

// npm run chaos [-- --seed 1 --waves 8 --each 3 --only storm]: what test/system/chaos.test.ts does once, for minutes, and
// then what crowds do. It ends with 1 when anything is not as if nothing had happened.

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    waves: { type: 'string', default: '8' },
    each: { type: 'string', default: '3' },
    only: { type: 'string' },
  },
});
const begun = performance.now();
const say = (line: string) =>
  console.log(`${String(Math.round((performance.now() - begun) / 1000)).padStart(5)} s  ${line}`);
const stage = await createStage({ apis: 2, workers: 2 });
const troubles: string[] = [];
try {
  const { player, again } = await prepare(stage);
  const wanted = (name: string) => values.only === undefined || values.only === name;
  if (wanted('storm')) {
    const seed = Number(values.seed);
    say(`storm, seed ${seed}`);
    const verdict = await storm(stage, player, {
      seed,
      waves: Number(values.waves),
      each: Number(values.each),
      poisons: true,
      say,
    });
    say(`${JSON.stringify({ ...verdict, troubles: verdict.troubles.length })}, asked again: ${JSON.stringify(again)}`);
    troubles.push(...verdict.troubles);
  }
  for (const [name, crowd] of Object.entries(CROWDS)) {
    if (wanted(name)) troubles.push(...(await crowd(stage, player, say)).map((trouble) => `${name}: ${trouble}`));
  }
  troubles.push(...stage.troubles());
} finally {
  await stage.close();
}
for (const trouble of troubles) say(`TROUBLE ${trouble}`);
say(troubles.length === 0 ? 'everything ended as if nothing had happened' : `${troubles.length} troubles`);
process.exit(troubles.length === 0 ? 0 : 1);
