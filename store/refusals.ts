/** SQLSTATE classes that speak of a row: data, constraints, and limits of the engine such as the size of an index entry. */
const OF_A_ROW = /^(22|23|54)[0-9A-Z]{3}$/;

/**
 * Returns whether an error says that the database, or the driver, refuses what a row holds. Anything else is trouble of the
 * database itself, which other rows would meet too.
 */
export function isRowRefused(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code } = current as { code?: unknown };
    if (typeof code === 'string') return OF_A_ROW.test(code);
    // A value that the driver cannot write, such as a time that does not exist.
    if (current instanceof RangeError || current instanceof TypeError) return true;
  }
  return false;
}
