// Lengths of a layout, in pixels.

/** The box of a task. A row is as high as its tasks. */
export const TASK = { width: 184, height: 48 };

/** The empty border around the whole picture. */
export const MARGIN = 16;

/** The width that a line takes in a row that it passes. */
export const LINE_WIDTH = 14;

/** The least distances between neighbours in a row: two tasks, a task and a line, two lines. */
export const DISTANCE = { tasks: 28, mixed: 12, lines: 4 };

/** The height between two rows without horizontal lines, and what each level of these adds. */
export const BETWEEN_ROWS = 36;
export const LEVEL_HEIGHT = 12;

/** How far from the right edge of a task its transitions after a failure begin. */
export const FAILURE_INSET = 24;

/** The height of a label, and of the band of the picture that it takes. */
export const LABEL = { height: 18, band: 22 };

/** The most characters of a label. */
export const LABEL_CHARACTERS = 26;

const LABEL_PADDING = 6;
const CHARACTER_WIDTH = 6.1;
/** Where scripts begin whose characters are about twice as wide as Latin ones. */
const WIDE_SCRIPTS = 0x2e80;

/** Returns about how wide a text is whose Latin characters have the given width. */
export function textWidth(text: string, characterWidth: number): number {
  let width = 0;
  for (const character of text) width += character.codePointAt(0)! >= WIDE_SCRIPTS ? 1.8 : 1;
  return width * characterWidth;
}

/** Returns the text of a label for a condition: its first 26 characters, on one line. */
export function labelText(condition: string): string {
  const text = condition.trim().replaceAll(/\s+/g, ' ');
  // A character has one or two code units: more of them than are shown, and not all of a long condition.
  const characters = [...text.slice(0, 2 * (LABEL_CHARACTERS + 1))];
  if (characters.length <= LABEL_CHARACTERS) return characters.join('');
  return `${characters.slice(0, LABEL_CHARACTERS - 1).join('')}…`;
}

/** Returns the width of the label for a condition. It is never wider than a task. */
export function labelWidth(condition: string): number {
  const width = Math.ceil(textWidth(labelText(condition), CHARACTER_WIDTH)) + 2 * LABEL_PADDING;
  return Math.min(width, TASK.width);
}
