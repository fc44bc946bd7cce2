/** Signs that write to a terminal, cannot be seen, or turn around what follows. */
export const hiddenSigns = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * A text of others on one line, as what it is: names may hold escape sequences for a terminal, and marks that turn around what follows. Each
 * is written as its code, as JSON would.
 */
export function plain(text: string): string {
  return text.replace(hiddenSigns, (sign) =>
    sign
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
