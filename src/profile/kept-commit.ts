import * as z from 'zod';
import { AppError } from '../base/app-error.ts';
import { readBounded } from '../base/read-bounded.ts';
import { replaceFile } from '../base/replace-file.ts';
import { maxSourceFiles } from './source-file.ts';

/** A hundred files of the largest size; what escapes swell beyond it is no profile. */
const maxKeptBytes = 64 * 1024 * 1024;

const entrySchema = z.union([
  z.object({ path: z.string(), text: z.string() }),
  /** Not read; the path is empty where it is about the repository as such. */
  z.object({ path: z.string(), why: z.string() }),
]);
const keptSchema = z.object({
  version: z.literal(1),
  commit: z.string().regex(/^[0-9a-f]{40,64}$/),
  entries: z.array(entrySchema).max(maxSourceFiles + 1),
});

export type KeptEntry = z.infer<typeof entrySchema>;

/** What a commit holds of profiles. */
export type KeptCommit = Omit<z.infer<typeof keptSchema>, 'version'>;

/** Damaged is not absent: what counted before is not known, so that nothing may take its place unseen. */
export type ReadKept =
  | ({ readonly kind: 'kept' } & KeptCommit)
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged'; readonly why: string };

export async function readKept(path: string): Promise<ReadKept> {
  const read = await readBounded(path, maxKeptBytes);
  switch (read.kind) {
    case 'absent':
      return { kind: 'absent' };
    case 'refused':
      return { kind: 'damaged', why: `${path} ${read.why}` };
    case 'text': {
      const kept = parse(read.text);
      return kept ? { kind: 'kept', ...kept } : { kind: 'damaged', why: `${path} is damaged` };
    }
  }
}

/** Its folder must exist. Throws SP-PROFILE-SOURCE where it is too much, and what the file system throws. */
export async function writeKept(path: string, kept: KeptCommit, source: string): Promise<void> {
  const { commit, entries } = kept;
  const text = JSON.stringify({ version: 1, commit, entries } satisfies z.infer<typeof keptSchema>);
  if (Buffer.byteLength(text) > maxKeptBytes) {
    const message = `its profiles are larger than ${maxKeptBytes / 1024 / 1024} MiB`;
    throw new AppError('SP-PROFILE-SOURCE', { source, message });
  }
  await replaceFile(path, `${text}\n`);
}

function parse(text: string): KeptCommit | undefined {
  try {
    return keptSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
