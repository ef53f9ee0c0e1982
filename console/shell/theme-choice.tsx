import { useState } from 'preact/hooks';
import { Glyph } from '../parts/glyph.tsx';
import { chooseTheme, chosenTheme, THEMES, type Theme } from '../theme/choice.ts';

const NAMES: Record<Theme, string> = { system: 'System', light: 'Light', dark: 'Dark' };

/** The choice between light and dark. */
export function ThemeChoice() {
  const [theme, setTheme] = useState(chosenTheme);
  return (
    <label class="theme-choice">
      <Glyph of="theme" />
      <span class="hidden">Theme</span>
      <select
        value={theme}
        onChange={({ currentTarget }) => {
          const chosen = THEMES.find((each) => each === currentTarget.value) ?? 'system';
          chooseTheme(chosen);
          setTheme(chosen);
        }}
      >
        {THEMES.map((each) => (
          <option key={each} value={each}>
            {NAMES[each]}
          </option>
        ))}
      </select>
    </label>
  );
}
