// Rounds numbers half to even on their exact binary value, as Python does. JavaScript's `toFixed` and similar methods round ties up.

/** Returns a number that is not negative as an exact fraction. */
function fractionOf(value: number): { over: bigint; under: bigint } {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0]!;
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const digits = exponent === 0 ? fraction : fraction | 0x10000000000000n;
  const shift = Math.max(1, exponent) - 1075;
  return shift >= 0 ? { over: digits << BigInt(shift), under: 1n } : { over: digits, under: 1n << BigInt(-shift) };
}

/** Returns a number that is not negative, times ten to a power, rounded half to even to a whole number. */
function scaled(value: number, power: number): bigint {
  const { over, under } = fractionOf(value);
  const numerator = power > 0 ? over * 10n ** BigInt(power) : over;
  const denominator = power < 0 ? under * 10n ** BigInt(-power) : under;
  const whole = numerator / denominator;
  const twice = 2n * (numerator % denominator);
  return twice > denominator || (twice === denominator && whole % 2n === 1n) ? whole + 1n : whole;
}

const signOf = (value: number): string => (value < 0 || Object.is(value, -0) ? '-' : '');

/** Writes a finite number with so many digits behind its point, as Python's `%.2f` does. */
export function fixedText(value: number, digits: number): string {
  const text = scaled(Math.abs(value), digits)
    .toString()
    .padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  return signOf(value) + (digits === 0 ? whole : `${whole}.${text.slice(-digits)}`);
}

/** Writes a finite number with so many digits behind the first, and an exponent of at least two, as Python's `%.2e` does. */
export function exponentText(value: number, digits: number): string {
  const size = Math.abs(value);
  let exponent = size === 0 ? 0 : Math.floor(Math.log10(size));
  let text = scaled(size, digits - exponent).toString();
  // The logarithm may be off by one, and rounding may add a digit.
  if (size > 0 && text.length <= digits) exponent -= 1;
  else if (text.length > digits + 1) exponent += 1;
  if (text.length !== digits + 1)
    text = scaled(size, digits - exponent)
      .toString()
      .padStart(digits + 1, '0');
  const power = `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  return `${signOf(value)}${text[0]}${digits === 0 ? '' : `.${text.slice(1)}`}e${power}`;
}

/**
 * Writes a finite number with at most so many significant digits, as Python's `%g` does. `zeros` keeps those at the end, and the point;
 * `point` writes a whole number with `.0`, as `'{:.3}'` does, where there is room for it.
 */
export function generalText(value: number, digits: number, { zeros = false, point = false } = {}): string {
  const significant = Math.max(1, digits);
  const [mantissa = '', power = ''] = exponentText(value, significant - 1).split('e');
  const exponent = Number(power);
  const isFixed = exponent >= -4 && exponent < significant - (point ? 1 : 0);
  let text = isFixed ? fixedText(value, significant - 1 - exponent) : mantissa;
  if (zeros) text = text.includes('.') ? text : `${text}.`;
  else if (text.includes('.')) text = text.replace(/\.?0+$/, '');
  if (!isFixed) return `${text}e${power}`;
  return point && !text.includes('.') ? `${text}.0` : text;
}

/** Rounds a finite number to so many digits behind its point; negative digits count before the point. */
export function roundTo(value: number, digits: number): number {
  const whole = scaled(Math.abs(value), digits);
  return Number(`${signOf(value)}${whole}e${-digits}`);
}
