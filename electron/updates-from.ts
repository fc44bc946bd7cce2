import * as z from 'zod';
import { readBounded } from '../src/base/read-bounded.ts';

const maxFileBytes = 64 * 1024;

const fileSchema = z.object({ updatesFrom: z.url({ protocol: /^https$/ }) });

/** Where the app's own settings.json says that updates are looked for; nowhere unless it does. All else is in the daemon's settings. */
export async function readUpdatesFrom(path: string): Promise<string | undefined> {
  const file = await readBounded(path, maxFileBytes);
  if (file.kind !== 'text') return undefined;
  try {
    return fileSchema.parse(JSON.parse(file.text)).updatesFrom;
  } catch {
    return undefined;
  }
}
