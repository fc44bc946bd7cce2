/** What schemas of files that people write are made of. A message says what would be right and follows "must be". */
import * as z from 'zod';

export const text = (right: string, pattern: RegExp) => z.string(right).regex(pattern, right);
/**
 * On one line, and nothing in it that is not seen: control and format characters (which turn the direction of what follows) and the
 * separators of lines. What a stranger wrote is shown before it is agreed to, and has to read as it is.
 */
export const visible = (right: string, least: number, most: number) =>
  text(right, new RegExp(`^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]{${least},${most}}$`, 'u'));
export const hint = (what: string) => visible(`${what} of at most 253 visible characters`, 1, 253);
export const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, `one of ${values.join(', ')}`);
export const flag = () => z.boolean('true or false');

export const durationSchema = text(
  'a duration as 90s, 30m, 8h or 1h30m',
  /^(?=.*[1-9])(\d{1,9}(\.\d{1,3})?(ms|s|m|h)){1,4}$/,
);
