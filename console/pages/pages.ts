import type { ComponentType } from 'preact';
import type { PageProps } from '../routing/page-props.ts';
import { RunPage } from './run/run-page.tsx';
import { RunsPage } from './runs/runs-page.tsx';
import { WorkflowPage } from './workflows/workflow-page.tsx';
import { WorkflowsPage } from './workflows/workflows-page.tsx';

/** The pages, by the path of their address: its first group is what the page is about, its second one the view. */
export const PAGES: { pattern: RegExp; page: ComponentType<PageProps> }[] = [
  { pattern: /^\/runs$/, page: RunsPage },
  { pattern: /^\/runs\/([^/]+)(?:\/(graph|log))?$/, page: RunPage },
  { pattern: /^\/workflows$/, page: WorkflowsPage },
  { pattern: /^\/workflows\/([^/]+)(?:\/(graph|definition))?$/, page: WorkflowPage },
];

/** The pages that every page leads to. */
export const SECTIONS: { name: string; page: string }[] = [
  { name: 'Runs', page: '/runs' },
  { name: 'Workflows', page: '/workflows' },
];
