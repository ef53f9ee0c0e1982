// Pictures are drawn with lines, into a square of 16 by 16.

const GLYPHS = {
  warning: 'M8 2l6.5 11.5h-13zM8 6.3v3.4M8 11.7v.1',
  lock: 'M3.5 7.5h9v6h-9zM5.5 7.5v-2a2.5 2.5 0 0 1 5 0v2',
  person: 'M8 8a2.7 2.7 0 1 0 0-5.4a2.7 2.7 0 0 0 0 5.4M2.8 13.6c.5-2.6 2.5-4 5.2-4s4.7 1.4 5.2 4',
  close: 'M4 4l8 8M12 4l-8 8',
  left: 'M10 3.5l-4.5 4.5l4.5 4.5',
  right: 'M6 3.5l4.5 4.5l-4.5 4.5',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9M10.3 10.3l3.4 3.4',
  outside: 'M6.5 3.5h-3v9h9v-3M9 3h4v4M13 3l-6 6',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  fit: 'M2.5 6v-3.5h3.5M10 2.5h3.5v3.5M13.5 10v3.5h-3.5M6 13.5h-3.5v-3.5',
  first: 'M4 3.5v9M12 3.5l-4.5 4.5l4.5 4.5',
  last: 'M12 3.5v9M4 3.5l4.5 4.5l-4.5 4.5',
  leftChange: 'M12.5 4l-4 4l4 4M7.5 4l-4 4l4 4',
  rightChange: 'M3.5 4l4 4l-4 4M8.5 4l4 4l-4 4',
  play: 'M5 3.2l7.5 4.8l-7.5 4.8z',
  stop: 'M4.5 4.5h7v7h-7z',
  link: 'M6.8 9.2l2.4-2.4M7.3 5l1.2-1.2a2.6 2.6 0 0 1 3.7 3.7l-1.2 1.2M8.7 11l-1.2 1.2a2.6 2.6 0 0 1-3.7-3.7l1.2-1.2',
  download: 'M8 2.5v7M4.8 6.6l3.2 3.2l3.2-3.2M3 13h10',
  file: 'M4 2.5h5l3 3v8h-8zM9 2.5v3h3',
  verified: 'M8 2l4.8 1.8v3.7c0 3-2 5.3-4.8 6.5c-2.8-1.2-4.8-3.5-4.8-6.5v-3.7zM5.8 8l1.7 1.7l2.9-3.2',
  theme: 'M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11',
} as const;

/** The name of a picture. */
export type GlyphName = keyof typeof GLYPHS;

/** A small picture next to words that say the same. */
export function Glyph({ of, size = 16 }: { of: GlyphName; size?: number }) {
  return (
    <svg class="glyph" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={GLYPHS[of]} />
    </svg>
  );
}
