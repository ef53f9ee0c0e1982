import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { broughtAbout, readFocus, title } from './pages.ts';
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
      expect(await enforcements.getByRole('list').count()).toBe(0);
      const rules = page.getByRole('region', { name: 'Rules' });
      await rules.getByText(`${RULE.ref} the condition is false`).click();
      await rules.getByText('event.payload.branch == "main" is false').waitFor();
      await site().examine(page);
      await page.getByRole('button', { name: 'Replay this event' }).click();
      const dialog = page.getByRole('dialog', { name: 'Replay this event' });
      await dialog.getByRole('textbox', { name: 'Reason' }).fill('tried again');
      await site().examine(page);
      await dialog.getByRole('button', { name: 'Replay', exact: true }).click();
      await page.getByRole('link', { name: `event ${other}` }).waitFor();
    });

    it('start what a rule says that was made here, tested before it is stored, and changed by two people at once', async () => {
      const ref = 'watching.shipped';
      const { id } = (await call('POST', 'events', { type: 'com.example.shipped', payload: { to: HOSTILE } })).body
        .data;
      await until(
        async () => (await call('GET', `events/${id}`)).body.data.state,
        (state) => state === 'planned',
      );
      const page = await site().visit('events/rules');
      const field = (at: Page, name: string) => at.getByRole('textbox', { name, exact: true });
      await page.getByRole('link', { name: 'New rule' }).press('Enter');
      await title(page, 'New rule').waitFor();
      await field(page, 'Name').fill(ref);
      await field(page, 'Label').fill(HOSTILE);
      // The first field is for types of the rule, the second one for that of an event which is made up.
      await page.locator('input[name=type]').first().fill('com.example.shipped');
      await field(page, 'Condition').fill('event.payload.to ==');
      await page.getByRole('combobox', { name: 'Starts' }).selectOption('action_ref');
      await field(page, 'Name of what it starts').fill('core.nope');
      await page.getByRole('button', { name: 'Store' }).press('Enter');
      await page.getByRole('alert').getByText('/action_ref').waitFor();
      expect(await page.getByRole('alert').getByRole('listitem').allInnerTexts()).toEqual([
        '/when something is missing at the end',
      ]);
      await site().examine(page);
      await expect.poll(() => page.evaluate('document.activeElement.name')).toBe('started');
      await field(page, 'Name of what it starts').fill('core.noop');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('/when').waitFor();
      await expect.poll(() => page.evaluate('document.activeElement.name')).toBe('when');
      expect(await field(page, 'Condition').getAttribute('aria-invalid')).toBe('true');
      await site().examine(page);
      await field(page, 'Condition').fill('event.payload.to == "us"');
      await page.getByRole('alert').waitFor({ state: 'detached' });
      await page.getByRole('combobox', { name: 'Event', exact: true }).selectOption(String(id));
      await page.getByRole('button', { name: 'Test', exact: true }).click();
      const result = page.getByRole('status', { name: 'Result of the test' });
      await result.getByText('It starts nothing.').waitFor();
      await result.getByText(HOSTILE).waitFor();
      await site().examine(page);
      expect((await call('GET', `rules/${ref}`)).status).toBe(404);
      await field(page, 'Further fields (JSON)').fill('{ "ordered": true }');
      await result.getByText('It starts nothing.').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Store' }).click();
      await title(page, ref).waitFor();
      await page.getByText('one start after another').waitFor();
      const stored = async () => (await call('GET', `rules/${ref}`)).body.data;
      expect(await stored()).toMatchObject({
        label: HOSTILE,
        action_ref: 'core.noop',
        when: 'event.payload.to == "us"',
      });

      // Two people edit it.
      const other = await site().visit(`rules/${ref}/edit`);
      await field(other, 'Label').fill('Others');
      await page.getByRole('link', { name: 'Edit this rule' }).click();
      await title(page, `Edit ${ref}`).waitFor();
      await field(page, 'Condition').fill('');
      await page.getByRole('button', { name: 'Store' }).click();
      await title(page, ref).waitFor();
      await page.getByText('Every event of its type matches.').waitFor();
      await other.getByRole('button', { name: 'Store' }).click();
      await other.getByRole('alert').getByText('Somebody else has changed this rule meanwhile').waitFor();
      await other.getByRole('insertion').filter({ hasText: 'event.payload.to' }).waitFor();
      expect(await field(other, 'Label').inputValue()).toBe('Others');
      expect(await stored()).toMatchObject({ label: HOSTILE, when: null, ordered: true, revision: 2 });
      await site().examine(other);
      await field(other, 'Condition').fill('');
      await other.getByRole('insertion').filter({ hasText: 'event.payload.to' }).waitFor({ state: 'detached' });
      let pass = () => {};
      await other.route(
        `**/api/v1/rules/${ref}`,
        (route) => {
          pass = () => void route.continue();
        },
        { times: 1 },
      );
      const sent = await broughtAbout(other.waitForRequest(`**/api/v1/rules/${ref}`), () =>
        field(other, 'Label').press('Enter'),
      );
      expect(sent.postDataJSON()).toEqual({ label: 'Others' });
      // Nothing that is entered meanwhile could be lost.
      await expect
        .poll(() => other.evaluate('[document.activeElement.name, document.activeElement.readOnly]'))
        .toEqual(['label', true]);
      pass();
      await title(other, ref).waitFor();
      expect(await stored()).toMatchObject({ label: 'Others', when: null, revision: 2 });
      const trigger = { ref: 'watching.shipping', pack_ref: 'watching', label: 'Shipped', type: 'com.example.shipped' };
      expect((await call('POST', 'triggers', trigger)).status).toBe(201);
      expect((await call('PUT', `rules/${ref}`, { trigger_ref: trigger.ref })).status).toBe(200);
      await page.goto(`console/rules/${ref}/edit`);
      await page.getByRole('combobox', { name: 'Event', exact: true }).selectOption(String(id));
      await other.getByRole('button', { name: 'Delete this rule' }).press('Enter');
      const dialog = other.getByRole('dialog', { name: 'Delete this rule' });
      await dialog.getByText('All its revisions are lost.').waitFor();
      await site().examine(other);
      await dialog.getByRole('button', { name: 'Delete this rule' }).click();
      await title(other, 'Events').waitFor();
      expect((await call('GET', `rules/${ref}`)).status).toBe(404);
    });

    it('come in by webhooks that are made, rotated and deleted here; address and secret are shown once', async () => {
      const page = await site().visit('events/webhooks');
      await page.getByText('No webhooks yet.').waitFor();
      await site().examine(page);
      await page.getByRole('button', { name: 'New webhook' }).press('Enter');
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('textbox', { name: 'Name' }).fill('not a name');
      await dialog.getByRole('textbox', { name: 'Label' }).fill(HOSTILE);
      await dialog.getByRole('button', { name: 'Create' }).click();
      await dialog.getByRole('alert').getByText('/name').waitFor();
      expect(await dialog.getByRole('textbox', { name: 'Name' }).getAttribute('aria-invalid')).toBe('true');
      await site().examine(page);
      await dialog.getByRole('textbox', { name: 'Name' }).fill('builds');
      await dialog.getByRole('combobox', { name: 'Preset' }).selectOption('bearer');
      await dialog.getByRole('button', { name: 'Create' }).click();
      const made = page.getByRole('region', { name: 'The address and the secret of builds' });
      await made.getByText('Authorization: Bearer').waitFor();
      await expect.poll(() => readFocus(page)).toBe('The address and the secret of builds');
      const address = await made.getByRole('textbox', { name: 'Address' }).inputValue();
      const secret = await made.getByRole('textbox', { name: 'Secret' }).inputValue();
      await site().examine(page);
      const send = (to: string) =>
        fetch(to, {
          method: 'POST',
          headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
          body: JSON.stringify({ type: 'com.example.built' }),
        });
      expect((await send(address)).status).toBe(202);
      await made.getByRole('button', { name: 'Copy the secret' }).click();
      await page
        .getByRole('status', { name: 'Notices' })
        .getByText(/copied|selected/)
        .waitFor();
      // It stays while other webhooks are made and deleted.
      await page.getByRole('button', { name: 'New webhook' }).click();
      await dialog.getByRole('textbox', { name: 'Name' }).fill('others');
      await dialog.getByRole('button', { name: 'Create' }).click();
      const others = page.getByRole('region', { name: 'The address and the secret of others' });
      await expect.poll(() => readFocus(page)).toBe('The address and the secret of others');
      await site().examine(page);
      await page.getByRole('button', { name: 'Delete others' }).click();
      await dialog.getByRole('button', { name: 'Delete others' }).click();
      await others.waitFor({ state: 'detached' });
      expect(await made.getByRole('textbox', { name: 'Secret' }).inputValue()).toBe(secret);
      await made.getByRole('button', { name: 'Done' }).click();
      await made.waitFor({ state: 'detached' });
      const row = page.getByRole('row', { name: /^builds/ });
      await row.getByRole('link', { name: /^event / }).waitFor();
      await row.getByText(HOSTILE).waitFor();
      expect(await page.content()).not.toContain(secret);
      await site().examine(page);
      await page.getByRole('button', { name: 'Rotate builds' }).click();
      await dialog.getByRole('spinbutton').fill('0');
      await dialog.getByRole('button', { name: 'Rotate builds' }).click();
      const rotated = page.getByRole('region', { name: 'The address of builds' });
      const next = await rotated.getByRole('textbox', { name: 'Address' }).inputValue();
      expect([(await send(address)).status, (await send(next)).status]).toEqual([404, 202]);
      await page.getByRole('button', { name: 'Edit builds' }).press('Enter');
      const label = dialog.getByRole('textbox', { name: 'Label' });
      expect(await label.inputValue()).toBe(HOSTILE);
      await label.fill('');
      await dialog.getByRole('textbox', { name: 'Type of its events' }).fill('io.fermata.mine');
      await dialog.getByRole('textbox', { name: 'Headers that its events keep' }).fill('X-Region,  x-cell');
      await dialog.getByRole('button', { name: 'Store' }).press('Enter');
      await dialog.getByRole('alert').getByText('/type').waitFor();
      await site().examine(page);
      await dialog.getByRole('textbox', { name: 'Type of its events' }).fill('com.example.deployed');
      await dialog.getByRole('checkbox', { name: /^Enabled/ }).uncheck();
      await dialog.getByRole('button', { name: 'Store' }).press('Enter');
      await row.getByText('disabled', { exact: true }).waitFor();
      await row.getByText(HOSTILE).waitFor({ state: 'detached' });
      expect((await send(next)).status).toBe(404);
      await page.getByRole('button', { name: 'Edit builds' }).press('Enter');
      expect(await dialog.getByRole('textbox', { name: /^Headers/ }).inputValue()).toBe('x-region, x-cell');
      await dialog.getByRole('checkbox', { name: /^Enabled/ }).check();
      await dialog.getByRole('button', { name: 'Store' }).press('Enter');
      await row.getByText('disabled', { exact: true }).waitFor({ state: 'detached' });
      expect((await send(next)).status).toBe(202);
      expect((await call('GET', 'events?type=com.example.deployed')).body.data).toHaveLength(1);
      await page.getByRole('button', { name: 'Set secret of builds' }).click();
      await dialog.getByLabel('Secret').fill('another secret');
      await dialog.getByRole('button', { name: 'Set secret' }).click();
      await dialog.getByRole('alert').getByText('/secret: must be visible ASCII characters').waitFor();
      await dialog.getByLabel('Secret').fill('another-secret');
      await dialog.getByRole('button', { name: 'Set secret' }).click();
      await page.getByText('builds has its new secret.').waitFor();
      expect((await send(next)).status).toBe(401);
      await page.getByRole('button', { name: 'Delete builds' }).click();
      await dialog.getByRole('button', { name: 'Delete builds' }).click();
      await page.getByText('No webhooks yet.').waitFor();
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
      await result.getByText('It starts nothing.').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Test', exact: true }).click();
      await result.getByText('Its key is test.').waitFor();
      await result.getByText('1 of 1,000 starts are taken.').waitFor();
      await page.getByRole('textbox', { name: 'Payload (JSON)' }).fill('{ "branch": ');
      await page.getByRole('button', { name: 'Test', exact: true }).click();
      await page.getByRole('alert').getByText('is not valid JSON').waitFor();
      await page.getByRole('button', { name: 'Disable this rule' }).press('Enter');
      await page.getByRole('button', { name: 'Enable this rule' }).waitFor();
      expect((await call('GET', `rules/${RULE.ref}`)).body.data.enabled).toBe(false);
      await page.goto('console/events/enforcements?status=started');
      await page.getByRole('table', { name: 'Enforcements' }).getByRole('link', { name: RULE.ref }).first().waitFor();
      await site().examine(page);
    });
  });
}
