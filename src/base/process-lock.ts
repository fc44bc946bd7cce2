/**
 * One process a folder. Node has no file locks, so each candidate puts down a claim of its own and then looks for others: of two that do so
 * at one time at least one sees the other and gives way. A claim whose process is gone counts for nothing, and as no claim is ever
 * written by two processes, removing it can hit nobody else.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { type Clock, delay } from './clock.ts';
import { isAlive, startOf } from './process-identity.ts';

export interface ProcessLockOptions {
  /** Private to the user. */
  readonly folder: string;
  readonly version: string;
  readonly clock: Clock;
  /** For tests: whose claim it is. Default: this process. */
  readonly pid?: number;
}

const claimSchema = z.object({
  pid: z.int(),
  start: z.string().optional(),
  version: z.string(),
  sinceMs: z.number(),
  /** False while its process has not yet looked for others. */
  holds: z.boolean(),
});

type Claim = z.infer<typeof claimSchema>;

/** Candidates that met give way for a random time, and meet no more. */
const tries = 40;
const maxPauseMs = 50;

/** Held until the lock is disposed, or else whose it is. */
export type ProcessLock =
  | { readonly kind: 'acquired'; readonly lock: AsyncDisposable }
  | { readonly kind: 'held'; readonly by: Pick<Claim, 'pid' | 'version' | 'sinceMs'> };

export async function acquireProcessLock(options: ProcessLockOptions): Promise<ProcessLock> {
  const { folder, version, clock, pid = process.pid } = options;
  const path = join(folder, `${prefix}${pid}.${randomBytes(6).toString('hex')}`);
  const claim: Claim = { pid, start: await startOf(pid), version, sinceMs: clock.wallMs(), holds: false };
  const withdraw = () => unlink(path).catch(() => {});
  for (let attempt = 1; ; attempt++) {
    await put(path, claim);
    const others = await livingClaims(folder, path);
    if (others.length === 0) {
      await put(path, { ...claim, holds: true });
      return { kind: 'acquired', lock: { [Symbol.asyncDispose]: withdraw } };
    }
    await withdraw();
    const holder = others.find(({ holds }) => holds);
    if (holder || attempt === tries) {
      return { kind: 'held', by: holder ?? others[0]! };
    }
    await delay(clock, randomInt(1, maxPauseMs));
  }
}

const prefix = 'claim.';
const unfinished = '.new';

/** Appears whole or not at all. */
async function put(path: string, claim: Claim): Promise<void> {
  await writeFile(`${path}${unfinished}`, JSON.stringify(claim), { mode: 0o600 });
  await rename(`${path}${unfinished}`, path);
}

async function livingClaims(folder: string, own: string): Promise<Claim[]> {
  const living: Claim[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!name.startsWith(prefix) || path === own) continue;
    const pid = Number(name.split('.')[1]);
    const claim = await read(path);
    if (claim === 'gone') continue;
    if (!(await isAlive(claim ?? { pid }))) await unlink(path).catch(() => {});
    // One that is not put down yet is seen by its own process's look; one that cannot be read is of another version.
    else if (!name.endsWith(unfinished))
      living.push(claim ?? { pid, version: 'unknown', sinceMs: 0, holds: true });
  }
  return living;
}

/** Undefined: it cannot be read, as of another version. */
async function read(path: string): Promise<Claim | 'gone' | undefined> {
  try {
    return claimSchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : undefined;
  }
}
