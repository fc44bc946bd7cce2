import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { readBounded } from '../src/base/read-bounded.ts';
import { replaceFile } from '../src/base/replace-file.ts';
import { connectionFormatSchema, connectionKindSchema } from '../src/contract/connection-string.ts';
import { tunnelIdSchema } from '../src/contract/control-tunnel.ts';

const maxFileBytes = 1024 * 1024;

/** What belongs to this app alone. Each part that cannot be read counts as not there. */
export const desktopSettingsSchema = z.object({
  openAtLogin: z.boolean().catch(false),
  /** A click that connects also copies the connection string. */
  copyOnConnect: z.boolean().catch(false),
  favourites: z.array(tunnelIdSchema).max(1_000).catch([]),
  /** The format that is copied, by kind; else the first of the kind. */
  formats: z.partialRecord(connectionKindSchema, connectionFormatSchema).catch({}),
  /** Where updates are looked for; nowhere unless it is set. */
  updatesFrom: z
    .url({ protocol: /^https$/ })
    .optional()
    .catch(undefined),
});

export type DesktopSettings = z.infer<typeof desktopSettingsSchema>;

export const defaultSettings: DesktopSettings = desktopSettingsSchema.parse({});

/** Kept in one file, which is replaced as a whole. */
export class SettingsFile {
  readonly #path: string;
  #settings = defaultSettings;
  #written: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  get settings(): DesktopSettings {
    return this.#settings;
  }

  async read(): Promise<DesktopSettings> {
    const file = await readBounded(this.#path, maxFileBytes);
    this.#settings = file.kind === 'text' ? parse(file.text) : defaultSettings;
    return this.#settings;
  }

  /** In effect at once; rejects where it could not be kept. One is written at a time. */
  change(change: Partial<DesktopSettings>): Promise<void> {
    this.#settings = { ...this.#settings, ...change };
    const text = `${JSON.stringify(this.#settings, undefined, 1)}\n`;
    this.#written = this.#written
      .catch(() => {})
      .then(async () => {
        await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
        await replaceFile(this.#path, text);
      });
    return this.#written;
  }
}

function parse(text: string): DesktopSettings {
  try {
    return desktopSettingsSchema.parse(JSON.parse(text));
  } catch {
    return defaultSettings;
  }
}
