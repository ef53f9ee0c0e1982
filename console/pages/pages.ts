import type { ComponentType } from 'preact';
import { createLazyComponent, type LazyComponent } from '../parts/lazy.tsx';
import type { PageProps } from '../routing/page-props.ts';

/** A page, which is a separate part of the console: browsers load it when somebody goes there. */
export interface Page extends LazyComponent<PageProps> {
  /** The path of its address: the first group is what the page is about, the second one the view. */
  pattern: RegExp;
}

/** The pages. */
export const PAGES: Page[] = [
  createPage(/^\/runs$/, async () => (await import('./runs/runs-page.tsx')).RunsPage),
  createPage(
    /^\/runs\/([^/]+)(?:\/(graph|timeline|log|debugger|fork))?$/,
    async () => (await import('./run/run-page.tsx')).RunPage,
  ),
  createPage(/^\/inbox$/, async () => (await import('./inbox/inbox-page.tsx')).InboxPage),
  createPage(/^\/inbox\/([^/]+)$/, async () => (await import('./inbox/question-page.tsx')).QuestionPage),
  createPage(/^\/workflows$/, async () => (await import('./workflows/workflows-page.tsx')).WorkflowsPage),
  createPage(
    /^\/workflows\/new$/,
    async () => (await import('./workflows/editing/new-workflow-page.tsx')).NewWorkflowPage,
  ),
  createPage(
    /^\/workflows\/([^/]+)(?:\/(graph|definition|simulate|check|revisions|runs|starts))?$/,
    async () => (await import('./workflows/workflow-page.tsx')).WorkflowPage,
  ),
  createPage(/^\/schedules$/, async () => (await import('./schedules/schedules-page.tsx')).SchedulesPage),
  createPage(
    /^\/events()(?:\/(rules|enforcements|webhooks))?$/,
    async () => (await import('./events/events-page.tsx')).EventsPage,
  ),
  createPage(/^\/events\/(\d+)$/, async () => (await import('./events/event/event-page.tsx')).EventPage),
  createPage(
    /^\/rules\/(?:new|([^/]+)\/edit)$/,
    async () => (await import('./events/rule/rule-editing-page.tsx')).RuleEditingPage,
  ),
  createPage(/^\/rules\/([^/]+)$/, async () => (await import('./events/rule/rule-page.tsx')).RulePage),
  createPage(
    /^\/catalog()(?:\/(packs|actions|connections|secrets))?$/,
    async () => (await import('./catalog/catalog-page.tsx')).CatalogPage,
  ),
  createPage(/^\/history$/, async () => (await import('./debugger/history-page.tsx')).HistoryPage),
];

/** The pages that every page leads to. */
export const SECTIONS: { name: string; page: string }[] = [
  { name: 'Runs', page: '/runs' },
  { name: 'Inbox', page: '/inbox' },
  { name: 'Workflows', page: '/workflows' },
  { name: 'Schedules', page: '/schedules' },
  { name: 'Events', page: '/events' },
  { name: 'Catalog', page: '/catalog' },
];

function createPage(pattern: RegExp, fetchComponent: () => Promise<ComponentType<PageProps>>): Page {
  const { component, load } = createLazyComponent(fetchComponent);
  return { pattern, component, load };
}
