/**
 * The keys that logs of this machine were signed with, so that a log that somebody wrote anew with a key of their own does not pass. The
 * file is as safe as the user's other files: a program that runs as the user may add a key. Whoever has to hold against that compares
 * the key with what they noted elsewhere.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { type Clock, delay } from '../base/clock.ts';
import { acquireProcessLock } from '../base/process-lock.ts';
import { readBounded } from '../base/read-bounded.ts';
import { replaceFile } from '../base/replace-file.ts';
import { keptSchema } from '../contract/control-password.ts';

/** One a start where there is no keychain; the oldest go first. */
const maxKeys = 4_096;
const maxKeysBytes = 2 * 1024 * 1024;
/** A writer is done in milliseconds, and there are as many of them as logs. */
const lockTries = 100;
const lockPauseMs = 25;

const knownKeySchema = z.object({
  /** Raw Ed25519 public key, base64url. */
  key: z.string(),
  sinceMs: z.number(),
  kept: keptSchema,
});
export type KnownKey = z.infer<typeof knownKeySchema>;
const keysSchema = z.object({ keys: z.array(knownKeySchema) });

function keysFile(folder: string): string {
  return join(folder, 'keys.json');
}

/** Undefined where there is no such file, or none that can be read. `folder`: that of all logs. */
export async function readKnownKeys(folder: string): Promise<readonly KnownKey[] | undefined> {
  const read = await readBounded(keysFile(folder), maxKeysBytes);
  if (read.kind !== 'text') return undefined;
  try {
    return keysSchema.safeParse(JSON.parse(read.text)).data?.keys;
  } catch {
    return undefined;
  }
}

/**
 * Before the key signs anything. One writer at a time, because each writes the file anew: a daemon and foreground forwards start together. Throws
 * what the file system throws, and EBUSY where others keep writing.
 */
export async function rememberKey(
  folder: string,
  key: string,
  { kept, clock }: { readonly kept: KnownKey['kept']; readonly clock: Clock },
): Promise<void> {
  // Nearly always it is there, and nothing has to be written.
  if (isKnown(await readKnownKeys(folder), key)) return;
  await using _lock = await lockKeys(folder, clock);
  const known = (await readKnownKeys(folder)) ?? [];
  if (isKnown(known, key)) return;
  const keys = [...known, { key, sinceMs: clock.wallMs(), kept }].slice(-maxKeys);
  await replaceFile(keysFile(folder), `${JSON.stringify({ keys })}\n`);
}

function isKnown(known: readonly KnownKey[] | undefined, key: string): boolean {
  return known?.some((each) => each.key === key) ?? false;
}

async function lockKeys(folder: string, clock: Clock): Promise<AsyncDisposable> {
  for (let attempt = 1; attempt <= lockTries; attempt++) {
    const answer = await acquireProcessLock({ folder, version: 'keys', clock });
    if (answer.kind === 'acquired') return answer.lock;
    await delay(clock, lockPauseMs);
  }
  throw Object.assign(new Error('the known keys are being written by others'), { code: 'EBUSY' });
}
