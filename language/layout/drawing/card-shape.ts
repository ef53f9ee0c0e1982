/** The places of the parts of a card, in pixels from its corner. */
export const CARD = {
  radius: 9,
  /** How far the second card of a pile is moved. */
  pile: 5,
  tile: { x: 9, y: 10, size: 28, radius: 7 },
  icon: 'translate(15 16)',
  /** Where texts begin, and the room that they leave at the end. */
  text: { x: 46, end: 6 },
  /** The base lines of the name and of the words below it. */
  name: 21,
  words: 37,
  mark: 'translate(46 27) scale(.75)',
  /** The room that the mark of a state takes in front of the words. */
  markRoom: 16,
  /** The badge of a join, which stands on the upper border. */
  join: { end: 8, height: 16, radius: 8, padding: 12 },
} as const;
