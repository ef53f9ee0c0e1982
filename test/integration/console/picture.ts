import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { title } from './pages.ts';
import type { Console } from './visitor.ts';

/** A folder for the picture, such as docs: without it none is written. */
const FOLDER = process.env.FERMATA_SCREENSHOTS;

const RELEASE = {
  ref: 'shop.release',
  pack_ref: 'shop',
  label: 'Release the shop',
  version: '1.4.0',
  definition: {
    tasks: [
      { name: 'build', action: 'core.transform', input: { data: ['unit', 'browser', 'load'] }, on_success: 'test' },
      { name: 'test', action: 'core.noop', with_items: '{{ build.output }}', on_success: ['scan', 'approve'] },
      { name: 'scan', action: 'core.noop', on_success: 'deploy' },
      {
        name: 'approve',
        action: 'core.inquiry',
        input: { prompt: 'Deploy version 1.4.0 to production?' },
        on_success: 'deploy',
      },
      { name: 'deploy', action: 'core.noop', join: 'all', on_success: 'verify', on_failure: 'roll_back' },
      { name: 'verify', action: 'core.noop', on_success: 'announce', on_failure: 'roll_back' },
      { name: 'announce', action: 'core.noop' },
      { name: 'roll_back', action: 'core.fail', input: { message: 'The release was rolled back.' } },
    ],
  },
};

/** Takes the one picture of a page of the documentation: of a part of what is shown, as high as the window. Expects it to be as large as the one that is there. */
export async function keepPicture(page: Page, part: Locator, path: string): Promise<void> {
  const [, file] = /^!\[.+\]\((.+\.png)\)$/m.exec(await readFile(path, 'utf8'))!;
  await page.emulateMedia({ colorScheme: 'light' });
  const { x, y, width } = (await part.boundingBox())!;
  const { height } = page.viewportSize()!;
  if (FOLDER !== undefined) {
    const clip = { x, y: y + (await page.evaluate<number>('scrollY')), width, height };
    await page.screenshot({ path: join(FOLDER, file!), clip, fullPage: true });
  }
  const picture = await readFile(join('docs', file!));
  expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([width, height]);
}

/** Tests that a run looks as the first picture of the README says, and takes that picture. */
export function testPicture(site: () => Console): void {
  it('the picture in the README shows a release that waits for a person, as it looks now', async () => {
    const call = (method: string, path: string, body?: unknown) => site().harness.call(method, `/api/v1/${path}`, body);
    await call('POST', 'packs', { ref: 'shop', label: 'Shop', version: '1.0.0' });
    expect((await call('POST', 'workflows', RELEASE)).status).toBe(201);
    const { id } = (await call('POST', 'executions', { action_ref: RELEASE.ref })).body.data;
    const page = await site().visit(`runs/${id}`);
    await title(page, `${RELEASE.ref} ${id}`).waitFor();
    const graph = page.getByRole('group', { name: `Graph of ${RELEASE.ref}` });
    for (const name of [
      ...['build, core.transform: 1 completed', 'test, core.noop: 1 completed; items: 3 completed'],
      ...['scan, core.noop: 1 completed', 'approve, core.inquiry: 1 running', 'deploy, core.noop: not begun'],
    ]) {
      await graph.getByRole('button', { name, exact: true }).waitFor();
    }
    await page.getByRole('region', { name: 'What happens next' }).getByText('"approve"').first().waitFor();
    if (FOLDER !== undefined) await page.screenshot({ path: join(FOLDER, 'console.png') });

    const [, alt, path] = /^!\[(.+)\]\((.+)\)$/m.exec(await readFile('README.md', 'utf8'))!;
    expect([path, alt]).toEqual(['docs/console.png', expect.stringContaining('waits for an approval')]);
    const picture = await readFile(path!);
    const { width, height } = page.viewportSize()!;
    expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([width, height]);
  });
}
