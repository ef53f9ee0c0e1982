/** The looks that somebody can choose; `system` follows the browser. */
export const THEMES = ['system', 'light', 'dark'] as const;

/** A look of the console. */
export type Theme = (typeof THEMES)[number];

const STORED = 'fermata-theme';

/** Returns the look that was chosen in this browser. */
export function chosenTheme(): Theme {
  const stored = localStorage.getItem(STORED);
  return THEMES.find((theme) => theme === stored) ?? 'system';
}

/** Keeps a choice for the next visit, and shows it. */
export function chooseTheme(theme: Theme): void {
  localStorage.setItem(STORED, theme);
  showTheme(theme);
}

/** Gives the page a look. */
export function showTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
