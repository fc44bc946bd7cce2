import { randomBytes } from 'node:crypto';

/**
 * A text planted where a secret belongs. Its core is lower-case letters and digits, which stand unchanged in JSON, URLs, shell words and
 * SQL: what leaks in one of these shows by the core itself. The other forms are spelled out here, base64 at each of the three places at
 * which a text may begin in it.
 */
export class Canary {
  readonly name: string;
  readonly core: string;
  /** What is planted: the core among characters that each of those languages escapes in its own way. */
  readonly text: string;
  readonly #forms: readonly (readonly [string, Buffer])[];

  /** `core`: of a secret that was made elsewhere. */
  constructor(name: string, core?: string) {
    this.name = name;
    this.core = core ?? `canary${randomBytes(12).toString('hex')}`;
    this.text = core ?? `"${this.core}'\\% /ü`;
    this.#forms = formsOf(this.core);
  }

  /** The form in which it stands in the bytes, if it does. */
  formIn(bytes: Buffer): string | undefined {
    return this.#forms.find(([, form]) => bytes.includes(form))?.[0];
  }
}

function formsOf(core: string): readonly (readonly [string, Buffer])[] {
  const bytes = Buffer.from(core);
  const units = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
  const texts: [string, string][] = [
    ['plain', core],
    ['upper case', core.toUpperCase()],
    ['hex', units.join('')],
    ['upper-case hex', units.join('').toUpperCase()],
    ['URL-encoded', units.map((unit) => `%${unit}`).join('')],
    ['JSON-escaped', units.map((unit) => `\\u00${unit}`).join('')],
    ['list of bytes', bytes.join(',')],
  ];
  for (const offset of [0, 1, 2]) {
    for (const encoding of ['base64', 'base64url'] as const) {
      const all = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding);
      // Without the characters that hold bits of what stands before and behind.
      const inner = all.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
      texts.push([`${encoding} at ${offset}`, inner]);
    }
  }
  return [
    ...texts.map(([name, text]) => [name, Buffer.from(text)] as const),
    ['UTF-16', Buffer.from(core, 'utf16le')],
  ];
}
