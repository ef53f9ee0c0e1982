/** SQLSTATE classes about the values of a row: data, constraints, and limits of the engine such as the size of an index entry. */
const OF_A_ROW = /^(22|23|54)[0-9A-Z]{3}$/;

/**
 * Reports whether the database, or its driver, refuses the values of a row. Any other error concerns the database itself, and other
 * rows would meet it too.
 */
export function isRowRefused(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code } = current as { code?: unknown };
    if (typeof code === 'string') return OF_A_ROW.test(code);
    // The driver cannot write the value, such as a time that does not exist.
    if (current instanceof RangeError || current instanceof TypeError) return true;
  }
  return false;
}

/** SQLSTATE `unique_violation`. */
const UNIQUE_VIOLATION = '23505';

/** Reports whether the database has refused a row because another one in the table has its key. */
export function isTaken(error: unknown, table: string): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code, table: where } = current as { code?: unknown; table?: unknown };
    if (typeof code === 'string') return code === UNIQUE_VIOLATION && where === table;
  }
  return false;
}
