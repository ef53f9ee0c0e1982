import { createHmac } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { SMTPServer } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { launchBrowser, openContext } from '../support/browser.ts';
import { until } from '../support/until.ts';

const WEBHOOK_SECRET = 'a secret for webhooks';
/** FERMATA_SCREENSHOTS=folder keeps pictures of the page. */
const PICTURES = process.env.FERMATA_SCREENSHOTS;

interface Mail {
  to: string;
  text: string;
}

let harness: ApiHarness;
let browser: Browser;
let smtp: SMTPServer;
let hooks: Server;
const mails: Mail[] = [];
// biome-ignore lint/suspicious/noExplicitAny: tests look into what came
const received: { body: any; text: string; headers: Record<string, string> }[] = [];
let hookStatus = 200;

beforeAll(async () => {
  smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData(stream, session, done) {
      let text = '';
      stream.on('data', (chunk) => {
        text += chunk;
      });
      stream.on('end', () => {
        // Quoted-printable breaks long lines with "=".
        const plain = text.replaceAll(/=\r?\n/g, '').replaceAll('=3D', '=');
        for (const { address } of session.envelope.rcptTo) mails.push({ to: address, text: plain });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  hooks = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      const headers = request.headers as Record<string, string>; // each is sent once
      if (hookStatus === 200) received.push({ body: JSON.parse(text), text, headers });
      response.writeHead(hookStatus).end();
    });
  });
  await new Promise<void>((resolve) => hooks.listen(0, '127.0.0.1', resolve));
  const url = `smtp://127.0.0.1:${(smtp.server.address() as AddressInfo).port}`;
  const chat = { mail: { url, from: 'Fermata <fermata@example.com>' }, webhookSecret: WEBHOOK_SECRET };
  [harness, browser] = await Promise.all([createApiHarness('links', { access: { chat } }), launchBrowser()]);
  await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.ask',
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    definition: {
      tasks: [
        { name: 'ask', action: 'core.inquiry', input: '{{ parameters }}', on_success: 'deploy', on_failure: 'noop' },
        {
          name: 'deploy',
          action: 'core.http',
          input: { url: 'http://127.0.0.1:1/deploy', method: 'POST', body: { version: '{{ prompt | default("?") }}' } },
          on_complete: 'noop',
        },
      ],
    },
  });
});
afterAll(async () => {
  await browser.close();
  await harness.close();
  await new Promise<void>((resolve) => smtp.close(() => resolve()));
  await new Promise((resolve) => hooks.close(resolve));
});

let addresses = 0;

/** A run that asks one address, and the link in its mail. */
async function ask(parameters: object = {}): Promise<{ run: number; link: string; mail: Mail; address: string }> {
  addresses += 1;
  const address = `oncall${addresses}@example.com`;
  const started = await harness.call('POST', '/api/v1/executions', {
    workflow: 'examples.ask',
    parameters: {
      prompt: 'Deploy 1.2 to production?',
      approvers: [address],
      notify: { email: [address] },
      ...parameters,
    },
  });
  const mail = await until(
    async () => mails.find(({ to }) => to === address),
    (found) => found !== undefined,
  );
  return { run: started.body.data.id, link: linkOf(mail!), mail: mail!, address };
}

function linkOf({ text }: Mail): string {
  return /http:\/\/\S+\/inquiry\?token=\S+/.exec(text)?.[0] ?? '';
}

const inquiryOf = async (run: number) =>
  (await harness.call('GET', `/api/v1/executions/${run}/inquiries`)).body.data[0];

async function withPage<T>(options: object, work: (page: Page) => Promise<T>): Promise<T> {
  const context = await openContext(browser, { javaScriptEnabled: false, ...options });
  try {
    return await work(await context.newPage());
  } finally {
    await context.close();
  }
}

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true });
}

const PHONE = { viewport: { width: 360, height: 740 } };

describe('the page behind a link', () => {
  it('shows what is asked, what will run, who asks and until when; one click decides, without script', async () => {
    const { run, link, mail, address } = await ask({
      details: 'All checks are green.\nRollback is ready.',
      timeout: 7200,
    });
    expect(mail.text).toContain('Subject: Deploy 1.2 to production?');
    await withPage({}, async (page) => {
      await page.goto(link);
      // The token stands in the address no more.
      expect(new URL(page.url()).search).toBe('');
      const text = (await page.textContent('main')) ?? '';
      for (const words of [
        'Deploy 1.2 to production?',
        'All checks are green.',
        'examples.ask',
        'dev',
        address,
        'deploy (core.http)',
        '"http://127.0.0.1:1/deploy"',
      ]) {
        expect(text).toContain(words);
      }
      expect(text).toMatch(/Open until\d{4}-\d\d-\d\d \d\d:\d\d UTC/);
      await picture(page, 'question');
      expect((await inquiryOf(run)).status).toBe('pending');
      await page.fill('#comment', 'looks good');
      await page.click('button[value=approve]');
      expect(await page.textContent('[role=status]')).toContain(`Approved by ${address}`);
      await picture(page, 'approved');
      // The page knows nobody any more, and the link shows how it ended.
      await page.goto(link);
      expect(await page.textContent('[role=status]')).toContain(`Approved by ${address}`);
    });
    const { status, votes } = await inquiryOf(run);
    expect([status, votes]).toMatchObject(['approved', [{ by: address, channel: 'link', comment: 'looks good' }]]);
  });

  it('is usable on a phone, in the dark, and by keyboard alone', async () => {
    const long = 'https://example.com/'.padEnd(300, 'x');
    const { run, link } = await ask({ details: long });
    await withPage({ ...PHONE, colorScheme: 'dark' }, async (page) => {
      await page.goto(link);
      await picture(page, 'phone-dark');
      const context = await page.context().newCDPSession(page);
      const { result } = await context.send('Runtime.evaluate', {
        expression:
          'JSON.stringify([document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor, Math.min(...[...document.querySelectorAll("button")].map((b) => b.getBoundingClientRect().height))])',
      });
      const [width, ground, height] = JSON.parse(String(result.value));
      expect([width, ground]).toEqual([360, 'rgb(13, 17, 23)']);
      expect(height).toBeGreaterThanOrEqual(44);
      // Reason, then the options, in order.
      await page.keyboard.press('Tab');
      await page.keyboard.type('too risky');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.waitForSelector('[role=status]');
    });
    const { status, votes } = await inquiryOf(run);
    expect([status, votes[0].comment]).toEqual(['denied', 'too risky']);
  });

  it('asks for the form, and shows it again with what was entered and what is wrong with it', async () => {
    const { run, link } = await ask({
      response_schema: {
        type: 'object',
        required: ['count', 'size', 'hosts'],
        properties: {
          count: { type: 'integer', title: 'How many', minimum: 1 },
          size: { enum: ['small', 'large'] },
          sure: { type: 'boolean' },
          hosts: { type: 'array', items: { type: 'string' }, minItems: 1 },
        },
      },
    });
    await withPage(PHONE, async (page) => {
      await page.goto(link);
      await picture(page, 'form');
      // The browser itself keeps what is out of range.
      await page.fill('[name="field:count"]', '0');
      await page.selectOption('[name="field:size"]', { label: 'large' });
      await page.selectOption('[name="field:sure"]', { label: 'true' });
      await page.fill('[name="field:hosts"]', '[]');
      await page.fill('#comment', 'as agreed');
      await page.click('button[value=approve]');
      expect(await page.locator(':invalid[name="field:count"]').count()).toBe(1);
      await page.fill('[name="field:count"]', '3');
      await page.click('button[value=approve]');
      await page.waitForSelector('[role=alert]');
      await picture(page, 'form-wrong');
      const hosts = page.locator('[name="field:hosts"]');
      expect(await hosts.getAttribute('aria-invalid')).toBe('true');
      expect(await page.textContent(`[id="${await hosts.getAttribute('aria-describedby')}"]`)).toContain('at least 1');
      expect(await page.inputValue('[name="field:count"]')).toBe('3');
      expect(await page.inputValue('#comment')).toBe('as agreed');
      await hosts.fill('["a"]');
      await page.click('button[value=approve]');
      expect(await page.textContent('[role=status]')).toContain('Approved');
    });
    const { response, comment } = (await inquiryOf(run)).votes[0];
    expect([response, comment]).toEqual([{ count: 3, size: 'large', sure: true, hosts: ['a'] }, 'as agreed']);
  });

  it('decides what it shows, whatever other links were opened in the same browser since', async () => {
    const [staging, production] = [await ask({ prompt: 'Delete staging?', bind: false }), await ask({ bind: false })];
    await withPage({}, async (first) => {
      const second = await first.context().newPage();
      await first.goto(staging.link);
      await second.goto(production.link);
      await first.click('button[value=approve]');
      await first.waitForSelector('[role=status]');
      expect(await first.textContent('main')).toMatch(/Approved by .*Delete staging\?/s);
      expect((await inquiryOf(staging.run)).status).toBe('approved');
      expect((await inquiryOf(production.run)).decisions).toEqual([]);
      await second.click('button[value=deny]');
      expect(await second.textContent('[role=status]')).toContain('Denied');
      expect((await inquiryOf(production.run)).status).toBe('denied');
    });
  });

  it('shows what others wrote as text, never as markup', async () => {
    const evil = '<script>document.title="evil"</script><img src=x onerror=alert(1)>';
    const { link } = await ask({ prompt: evil, details: evil });
    await withPage({ javaScriptEnabled: true }, async (page) => {
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(link);
      expect(await page.textContent('h1')).toBe(evil);
      expect(await page.title()).toBe(`${evil} · Fermata`);
      expect(await page.locator('img, script').count()).toBe(0);
      expect(asked.every((url) => url.startsWith(harness.api.url))).toBe(true);
    });
  });
});

describe('a link', () => {
  const open = (link: string, init: RequestInit = {}) => fetch(link, { redirect: 'manual', ...init });
  const cookieOf = (response: Response) => response.headers.get('set-cookie')?.split(';')[0] ?? '';

  it('decides nothing by being looked at, however often', async () => {
    const { run, link } = await ask();
    for (let preview = 0; preview < 3; preview += 1) {
      const response = await open(link);
      const path = response.headers.get('location');
      expect([response.status, path]).toEqual([303, `/inquiry/${(await inquiryOf(run)).id}`]);
      const page = await open(`${harness.api.url}${path}`, { headers: { cookie: cookieOf(response) } });
      expect(page.status).toBe(200);
      expect(page.headers.get('cache-control')).toBe('no-store');
      expect(page.headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/,
      );
      await open(link, { method: 'HEAD' });
    }
    expect((await inquiryOf(run)).decisions).toEqual([]);
    expect((await open(link)).headers.get('set-cookie')).toMatch(
      /Max-Age=3600; Path=\/inquiry\/\d+; HttpOnly; SameSite=Lax/,
    );
  });

  it('is refused when it was changed, and its form when it comes from another site or is sent twice', async () => {
    const { run, link } = await ask();
    const heading = async (response: Response) => [response.status, /<h1>(.*?)<\/h1>/.exec(await response.text())?.[1]];
    expect(await heading(await open(`${link}x`))).toEqual([400, 'This link is not valid']);
    const { id } = await inquiryOf(run);
    const address = `${harness.api.url}/inquiry/${id}`;
    expect(await heading(await open(address))).toEqual([410, 'This link has expired']);
    const cookie = cookieOf(await open(link));
    const page = await (await open(address, { headers: { cookie } })).text();
    const sealed = /name="form" value="([^"]+)"/.exec(page)![1]!;
    const form = (headers: Record<string, string>) =>
      open(address, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams({ option: 'approve', form: sealed }).toString(),
      });
    expect((await form({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await form({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await inquiryOf(run)).decisions).toEqual([]);
    const both = await Promise.all([form({}), form({})]);
    expect(both.map(({ status }) => status)).toContain(200);
    expect((await inquiryOf(run)).votes).toHaveLength(1);
  });

  it('reaches whoever a step of the ladder adds, with its reason, once the step is taken', async () => {
    const boss = 'boss@example.com';
    const escalate = [{ after: 0.5, approvers: [boss], notify: { email: [boss] }, reason: 'nobody has answered' }];
    const { run } = await ask({ escalate });
    const mail = await until(
      async () => mails.find(({ to }) => to === boss),
      (found) => found !== undefined,
    );
    expect(mail!.text).toContain('You are being asked because: nobody has answered');
    expect((await inquiryOf(run)).escalation).toMatchObject([{ approvers: [boss], at: expect.any(String) }]);
    await withPage({}, async (page) => {
      await page.goto(linkOf(mail!));
      await page.click('button[value=approve]');
      expect(await page.textContent('[role=status]')).toContain(`Approved by ${boss}`);
    });
  });

  it('is given to whoever is asked by name, whatever the quorum; others read who decides, and where', async () => {
    await harness.call('POST', '/api/v1/aliases', { subject: 'approver', kind: 'email', value: 'cleo@example.com' });
    const people = ['Ann@example.com', 'cleo@example.com', 'dan@example.com'];
    const approvers = ['ann@example.com', 'approver'];
    const { run } = await ask({
      approvers,
      groups: ['ops'],
      quorum: 2,
      notify: { email: [`oncall${addresses + 1}@example.com`, ...people] },
    });
    const [ann, cleo, dan] = await Promise.all(
      people.map((person) =>
        until(
          async () => mails.find(({ to }) => to === person.toLowerCase()),
          (found) => found !== undefined,
        ),
      ),
    );
    const { id } = await inquiryOf(run);
    expect(dan!.text.replaceAll(/\s+/g, ' ')).toContain(
      `It can be decided by ann@example.com, approver, members of ops; 2 of them must approve. With Fermata credentials, it is available at ${harness.api.url}/api/v1/inquiries/${id}`,
    );
    expect(dan!.text).not.toContain('/inquiry?');
    await withPage({}, async (page) => {
      await page.goto(linkOf(ann!));
      await page.click('button[value=approve]');
      expect(await page.textContent('[role=status]')).toBe('Counted: Approve. More people are needed.');
      await page.goto(linkOf(ann!));
      // One person, one vote: the link shows what became of it.
      expect(await page.locator('button').count()).toBe(0);
      await page.goto(linkOf(cleo!));
      expect(await page.textContent('main')).toMatch(/Votes so far\s*Approve, by ann@example.com/);
      await page.click('button[value=approve]');
      expect(await page.textContent('[role=status]')).toContain('Approved by approver');
    });
  });
});

describe('a webhook', () => {
  it('hears what is asked and decided, signed, again and again until it takes it', async () => {
    const webhook = `http://127.0.0.1:${(hooks.address() as AddressInfo).port}/hook`;
    hookStatus = 503;
    const started = await harness.call('POST', '/api/v1/executions', {
      workflow: 'examples.ask',
      parameters: { prompt: 'Hook?', notify: { webhook } },
    });
    const inquiry = await until(
      () => inquiryOf(started.body.data.id),
      (found) => found !== undefined,
    );
    hookStatus = 200;
    const [opened] = await until(
      async () => received,
      (all) => all.length === 1,
    );
    expect(opened!.body).toMatchObject({
      specversion: '1.0',
      type: 'io.fermata.inquiry.opened',
      subject: 'ask',
      data: { id: inquiry.id, prompt: 'Hook?', status: 'pending', bound_to: inquiry.bound_to },
    });
    const [, time, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(opened!.headers['fermata-signature']!) ?? [];
    expect(createHmac('sha256', WEBHOOK_SECRET).update(`${time}.${opened!.text}`).digest('hex')).toBe(mac);
    const standard = new Webhook(WEBHOOK_SECRET, { format: 'raw' });
    expect(standard.verify(opened!.text, opened!.headers)).toEqual(opened!.body);
    expect(opened!.headers['webhook-id']).toBe(opened!.body.id);
    expect(() => standard.verify(`${opened!.text} `, opened!.headers)).toThrow('No matching signature found');
    await harness.call('POST', `/api/v1/executions/${started.body.data.id}/cancel`);
    await until(
      async () => received,
      (all) => all.length === 2,
    );
    expect(received[1]!.body).toMatchObject({ type: 'io.fermata.inquiry.decided', data: { status: 'cancelled' } });
  });
});
