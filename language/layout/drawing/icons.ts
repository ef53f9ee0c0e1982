// Pictures are drawn with lines, into a square of 16 by 16.

const ICONS = {
  web: 'M8 2a6 6 0 1 0 0 12a6 6 0 0 0 0-12M2.2 8h11.6M8 2c2 1.8 2.5 4 2.5 6s-.5 4.2-2.5 6M8 2c-2 1.8-2.5 4-2.5 6s.5 4.2 2.5 6',
  braces:
    'M6 2.5c-2 0-2 1-2 2.5s0 3-2 3c2 0 2 1.5 2 3s0 2.5 2 2.5M10 2.5c2 0 2 1 2 2.5s0 3 2 3c-2 0-2 1.5-2 3s0 2.5-2 2.5',
  lines: 'M3 4h10M3 8h10M3 12h6',
  clock: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11M8 5v3.2l2.2 1.6',
  antenna:
    'M8 13.5v-5M8 8.5a1 1 0 1 0 0-2a1 1 0 0 0 0 2M5.2 10.3a4 4 0 0 1 0-5.6M10.8 10.3a4 4 0 0 0 0-5.6M3.4 12.1a6.6 6.6 0 0 1 0-9.2M12.6 12.1a6.6 6.6 0 0 0 0-9.2',
  person: 'M8 8a2.7 2.7 0 1 0 0-5.4a2.7 2.7 0 0 0 0 5.4M2.8 13.6c.5-2.6 2.5-4 5.2-4s4.7 1.4 5.2 4',
  sign: 'M5.5 2.5h5l3 3v5l-3 3h-5l-3-3v-5zM8 5.2v3.4M8 10.7v.1',
  dot: 'M8 5a3 3 0 1 0 0 6a3 3 0 0 0 0-6',
  envelope: 'M2.5 4h11v8h-11zM2.5 4.5l5.5 4.3l5.5-4.3',
  bubble: 'M2.5 3.5h11v7h-6l-3 2.7v-2.7h-2zM5.5 6h5M5.5 8h3',
  ticket: 'M3 2.5h10v11h-10zM5.5 6l1 1l2-2M5.5 10.5h5M10 6h.5',
  bell: 'M4 11.5v-4a4 4 0 0 1 8 0v4l1 .5h-10zM6.8 13.8h2.4M8 3.5v-1.2',
  database:
    'M3 4.2c0-1.2 2.2-2 5-2s5 .8 5 2s-2.2 2-5 2s-5-.8-5-2M3 4.2v7.6c0 1.2 2.2 2 5 2s5-.8 5-2v-7.6M3 8c0 1.2 2.2 2 5 2s5-.8 5-2',
  cloud: 'M4.7 12.5a2.7 2.7 0 0 1-.3-5.4a3.7 3.7 0 0 1 7.2-.4a2.9 2.9 0 0 1-.4 5.8z',
  plug: 'M6 2.5v3M10 2.5v3M4 5.5h8v2.5a4 4 0 0 1-8 0zM8 12v2',
  box: 'M8 2l5.2 3v6l-5.2 3l-5.2-3v-6zM2.8 5l5.2 3l5.2-3M8 8v6',
} as const;

type IconName = keyof typeof ICONS;

/** The pictures of single actions, and of the other actions of a pack. All others have a box. */
const BY_ACTION: Record<string, IconName> = {
  'core.http': 'web',
  'core.transform': 'braces',
  'core.log': 'lines',
  'core.delay': 'clock',
  'core.wait_signal': 'antenna',
  'core.inquiry': 'person',
  'core.fail': 'sign',
  'core.noop': 'dot',
};
const BY_PACK: Record<string, IconName> = {
  email: 'envelope',
  slack: 'bubble',
  jira: 'ticket',
  pagerduty: 'bell',
  database: 'database',
  aws: 'cloud',
  mcp: 'plug',
};

/** Returns the path of the picture of an action. */
export function iconPath(action: string): string {
  const pack = action.slice(0, action.indexOf('.'));
  if (Object.hasOwn(BY_ACTION, action)) return ICONS[BY_ACTION[action]!];
  return ICONS[Object.hasOwn(BY_PACK, pack) ? BY_PACK[pack]! : 'box'];
}
