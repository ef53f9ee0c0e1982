import type { EventMatch } from '../../../service/events/reads/event-matches.ts';
import type { ApiHarness } from '../support/api-harness.ts';

/** Reads all pages of the matches of an event; a page also ends early when its rules have taken long, as on a busy machine. */
export async function readMatchPages({ call }: ApiHarness, event: number, limit = 20): Promise<EventMatch[][]> {
  const pages: EventMatch[][] = [];
  for (let after = ''; ; ) {
    const { body } = await call('GET', `/api/v1/events/${event}/matches?limit=${limit}${after}`);
    pages.push(body.data);
    if (body.next_cursor === null) return pages;
    after = `&cursor=${body.next_cursor}`;
  }
}
