import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { renderAnswer } from '../jinja/answers.ts';
import { DEVIATIONS, findDeviation } from '../jinja/deviations.ts';
import { createGenerator } from '../jinja/generator.ts';

/** The outputs of the real Jinja2 3.1.6 for the templates of a seed; null: it refused one. Recorded by `npm run test:jinja`. */
const recorded = JSON.parse(gunzipSync(readFileSync('test/fixtures/jinja-random.json.gz')).toString()) as {
  seed: number;
  answers: (string | null)[];
};

describe('random templates', () => {
  it('give what Jinja2 gives, or differ as the documentation says', { timeout: 60_000 }, () => {
    const next = createGenerator(recorded.seed);
    const differing: unknown[] = [];
    for (const answer of recorded.answers) {
      const template = next();
      const theirs = answer === null ? { error: 'TypeError' } : { text: answer };
      const ours = renderAnswer(template);
      const same = 'error' in theirs ? 'error' in ours : 'text' in ours && ours.text === theirs.text;
      if (!same && findDeviation(template, theirs, ours) === null) differing.push({ template, theirs, ours });
    }
    expect(differing).toEqual([]);
  });

  it('are enough, and most of them are not refused', () => {
    expect(recorded.answers.length).toBeGreaterThanOrEqual(10_000);
    expect(recorded.answers.filter((answer) => answer !== null).length).toBeGreaterThan(recorded.answers.length * 0.7);
  });
});

it('docs/expressions.md has every difference', () => {
  const page = readFileSync('docs/expressions.md', 'utf8').replaceAll(/\s+/g, ' ');
  for (const { says } of DEVIATIONS) expect(page).toContain(says);
});
