import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { SLACK_INTERACTIONS } from '../../chat/slack.ts';
import { validateDefinition } from '../../language/validate.ts';
import { ERROR_STATUS } from '../../model/app-error.ts';
import { BUILTIN_ACTIONS, toJsonSchema } from '../../model/builtin-actions.ts';
import type { Json } from '../../model/json.ts';
import { KNOWN_ACTIONS } from '../../service/actions/actions.ts';

const page = readFileSync('docs/inquiries.md', 'utf8');
const blocks = (kind: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text!);

it('what docs/inquiries.md asks can be asked', () => {
  const inputs = blocks('json').map((text) => JSON.parse(text) as Json);
  expect(inputs).toHaveLength(1);
  for (const input of inputs) {
    const definition = { variables: { version: '1' }, tasks: [{ name: 'ask', action: 'core.inquiry', input }] };
    expect(validateDefinition(definition, null, KNOWN_ACTIONS)).toEqual({ issues: [], warnings: [] });
  }
});

it('docs/inquiries.md names every field of a question', () => {
  const { param } = BUILTIN_ACTIONS.find(({ ref }) => ref === 'core.inquiry')!;
  const { properties } = toJsonSchema(param, 'input') as { properties: object };
  for (const field of Object.keys(properties)) expect(page).toContain(`\`${field}\``);
});

it('the codes on docs/inquiries.md have the statuses that stand beside them', () => {
  const rows = [...page.matchAll(/^\| (4\d\d) (.*?) \|/gm)];
  expect(rows.length).toBeGreaterThan(3);
  for (const [, status, codes] of rows) {
    for (const [, code] of codes!.matchAll(/`(\w+)`/g)) {
      expect([code, ERROR_STATUS[code as keyof typeof ERROR_STATUS]]).toEqual([code, Number(status)]);
    }
  }
});

it('the manifest on docs/inquiries.md leads to where Slack is answered', () => {
  const [manifest] = blocks('yaml').map((text) => parse(text));
  expect(new URL(manifest.settings.interactivity.request_url).pathname).toBe(SLACK_INTERACTIONS);
  expect(manifest.oauth_config.scopes.bot).toEqual([
    'chat:write',
    'chat:write.public',
    'users:read',
    'users:read.email',
  ]);
});
