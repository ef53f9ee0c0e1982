import { beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { title } from './pages.ts';
import type { Console } from './visitor.ts';

const HOSTILE = '<script>alert(1)</script> \u202e';

/** Branches that are pushed start a run. */
const RULE = {
  ref: 'watching.pushes',
  pack_ref: 'watching',
  label: 'A push starts a pipeline',
  type: 'com.example.push',
  when: 'event.payload.branch == "main" and not event.payload.deleted',
  action_ref: 'core.noop',
  dedupe: { key: '{{ event.event_id }}', window: 3_600 },
  throttle: { limit: 1_000, per: 604_800 },
  ordered: true,
};

/** Tests the pages of events, rules and what they start. */
export function testEventsPages(site: () => Console): void {
  const call = (method: string, path: string, body?: unknown) => site().harness.call(method, `/api/v1/${path}`, body);

  describe('events', () => {
    beforeAll(async () => {
      expect((await call('POST', 'packs', { ref: 'watching', label: 'Watching' })).status).toBe(201);
      expect((await call('POST', 'rules', RULE)).status).toBe(201);
    });

    it('lead from what was sent to the run that a rule has started, and say what matched nothing', async () => {
      const send = async (payload: unknown) =>
        (await call('POST', 'events', { type: RULE.type, source: '/forge', payload })).body.data.id as number;
      const started = await send({ branch: 'main', deleted: false, note: HOSTILE });
      const other = await send({ branch: 'next', deleted: false });
      const { body } = await until(
        () => call('GET', `enforcements?event=${started}&status=started`),
        (answer) => answer.body.data.length === 1,
      );
      await until(
        async () => (await call('GET', `events/${other}`)).body.data.state,
        (state) => state === 'planned',
      );
      const page = await site().visit('runs?live=0');
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Events' }).click();
      await title(page, 'Events').waitFor();
      await page.getByRole('table', { name: 'Events' }).getByRole('rowheader').first().waitFor();
      await site().examine(page);
      await page.getByRole('textbox', { name: 'Type' }).fill('com.other.*');
      await page.keyboard.press('Tab');
      await page.getByText('No events match these filters.').waitFor();
      // The field that was entered meanwhile is the same one.
      expect(await page.evaluate('document.activeElement.name')).toBe('source');
      await page.getByRole('button', { name: 'Clear filters' }).click();
      expect(await page.evaluate('document.activeElement.name')).toBe('type');
      await page.getByRole('table', { name: 'Events' }).locator(`a[href$="/events/${started}"]`).click();
      await title(page, `${RULE.type} ${started}`).waitFor();
      await page.getByText(HOSTILE).waitFor();
      const enforcements = page.getByRole('region', { name: 'Enforcements' });
      await enforcements.getByText('started').waitFor();
      await site().examine(page);
      const run = body.data[0].execution;
      await enforcements.getByRole('link', { name: `run ${run}` }).click();
      await title(page, `core.noop ${run}`).waitFor();
      await page.getByRole('link', { name: `event ${started}` }).waitFor();
      await page.getByRole('link', { name: RULE.ref }).waitFor();
      await page.goto(`console/events/${other}`);
      await enforcements.getByText('No rule matches it.').waitFor();
      const rules = page.getByRole('region', { name: 'Rules' });
      await rules.getByText(`${RULE.ref} condition_false`).click();
      await rules.getByText('event.payload.branch == "main" is false').waitFor();
      await site().examine(page);
      await page.getByRole('button', { name: 'Replay this event' }).click();
      const dialog = page.getByRole('dialog', { name: 'Replay this event' });
      await dialog.getByRole('textbox', { name: 'Reason' }).fill('tried again');
      await site().examine(page);
      await dialog.getByRole('button', { name: 'Replay', exact: true }).click();
      await page.getByRole('link', { name: `event ${other}` }).waitFor();
    });

    it('are tested against a rule, whose condition is explained part by part; a rule is disabled by keyboard', async () => {
      const page = await site().visit('events/rules');
      await page.getByRole('table', { name: 'Rules' }).getByRole('link', { name: RULE.ref }).click();
      await title(page, RULE.ref).waitFor();
      await page.getByText('{{ event.event_id }} in 1 h').waitFor();
      await page.getByText('1,000 in 7 d, others wait').waitFor();
      await page.getByText('one start after another').waitFor();
      await page.getByRole('textbox', { name: 'Payload (JSON)' }).fill('{ "branch": "main", "deleted": true }');
      await page.getByRole('button', { name: 'Test', exact: true }).click();
      const result = page.getByRole('status', { name: 'Result of the test' });
      await result.getByText('It starts nothing.').waitFor();
      const parts = result.getByRole('listitem');
      await parts.filter({ hasText: 'event.payload.branch == "main" is true' }).first().waitFor();
      await parts.filter({ hasText: 'not event.payload.deleted is false' }).first().waitFor();
      await site().examine(page);
      await page.getByRole('textbox', { name: 'Payload (JSON)' }).fill('{ "branch": "main", "deleted": false }');
      await page.getByRole('button', { name: 'Test', exact: true }).click();
      await result.getByText('Its key is test.').waitFor();
      await result.getByText('1 of 1,000 starts are taken.').waitFor();
      await page.getByRole('textbox', { name: 'Payload (JSON)' }).fill('{ "branch": ');
      await page.getByRole('button', { name: 'Test', exact: true }).click();
      await page.getByRole('alert').getByText('is not valid JSON').waitFor();
      await page.getByRole('button', { name: 'Disable this rule' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Enable this rule' }).waitFor();
      expect((await call('GET', `rules/${RULE.ref}`)).body.data.enabled).toBe(false);
      await page.goto('console/events/enforcements?status=started');
      await page.getByRole('table', { name: 'Enforcements' }).getByRole('link', { name: RULE.ref }).first().waitFor();
      await site().examine(page);
    });
  });
}
