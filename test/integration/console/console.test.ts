import { afterAll, afterEach, beforeAll } from 'vitest';
import { until } from '../support/until.ts';
import { testDebugger } from './debugger.ts';
import { testEventsPages } from './events-pages.ts';
import { testForkPage } from './fork-page.ts';
import { testInboxPages } from './inbox-pages.ts';
import { testNavigation } from './navigation.ts';
import { testPicture } from './picture.ts';
import { testRunPage } from './run-page.ts';
import { testRunsPage } from './runs-page.ts';
import { testSchedulesAndCatalog } from './schedules-and-catalog.ts';
import { testSigningIn } from './signing-in.ts';
import { testUntrustedTexts } from './untrusted-texts.ts';
import { testViewer } from './viewer.ts';
import { type Console, openConsole } from './visitor.ts';
import { testWorkflowPages } from './workflow-pages.ts';

// All pages are visited with one browser, at one installation.

let site: Console;

async function fail(message: string): Promise<number> {
  const body = { action_ref: 'core.fail', parameters: { message }, wait: 30 };
  return (await site.harness.call('POST', '/api/v1/executions', body)).body.data.id;
}

beforeAll(async () => {
  site = await openConsole('console');
  for (let n = 0; n < 26; n += 1) await fail(`no luck ${n}`);
  await site.harness.call('POST', '/api/v1/executions', { action_ref: 'core.noop', wait: 30 });
  await until(
    async () => (await site.harness.call('GET', '/api/v1/executions/stats')).body.data,
    ({ failed, completed }) => failed === 26 && completed === 1,
  );
});
afterAll(() => site?.close());
afterEach(() => site.leave());

testSigningIn(() => site);
testNavigation(() => site);
testRunsPage(() => site, fail);
testRunPage(() => site);
testForkPage(() => site);
testPicture(() => site);
testDebugger(() => site);
testWorkflowPages(() => site);
testSchedulesAndCatalog(() => site);
testUntrustedTexts(() => site);
testViewer(() => site);
testInboxPages(() => site);
testEventsPages(() => site);
