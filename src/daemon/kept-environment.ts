/**
 * Which kubeconfig tunnels lead by, and where credential plugins are found, is said by the environment of the shell that first brought the
 * daemon up. It is kept beside what is wanted: the daemon that brings those tunnels back may be started by another shell, by the
 * tray or at login, which know nothing of it. One for the whole daemon and not one a tunnel, because profiles name clusters, on-demand
 * ports open with nobody's shell at hand, and tunnels of one cluster share its watches and sessions. A target
 * without a profile brings the file of its own shell along.
 */
import { delimiter } from 'node:path';
import * as z from 'zod';
import { absoluteKubeconfig } from '../base/kubeconfig-list.ts';
import type { Log } from '../base/log.ts';
import { readBounded } from '../base/read-bounded.ts';
import { replaceFile } from '../base/replace-file.ts';

const maxFileBytes = 256 * 1024;

const keptSchema = z.object({ KUBECONFIG: z.string().optional(), PATH: z.string().optional() });
type Kept = z.infer<typeof keptSchema>;

export interface KeptEnvironmentOptions {
  readonly path: string;
  /** What the daemon was started with. */
  readonly env: NodeJS.ProcessEnv;
  /** Whether tunnels come back that were brought up by an earlier daemon. */
  readonly isWanted: boolean;
  readonly log: Log;
}

/**
 * The environment to run with. KUBECONFIG counts as it is given; where it is not, and something is wanted, as it was kept, with the kept PATH
 * behind the given one. Never throws: what cannot be read is as if it were not there.
 */
export async function keptEnvironment(options: KeptEnvironmentOptions): Promise<NodeJS.ProcessEnv> {
  const { path, env, isWanted, log } = options;
  const kept = await read(path);
  const given: Kept = { KUBECONFIG: absoluteKubeconfig(env.KUBECONFIG, process.cwd()), PATH: env.PATH };
  if (kept && isWanted && given.KUBECONFIG === undefined) {
    if (kept.KUBECONFIG !== undefined) log.info('kubeconfig as before', { files: kept.KUBECONFIG });
    return { ...env, ...kept, PATH: joined(given.PATH, kept.PATH) };
  }
  if (kept?.KUBECONFIG !== given.KUBECONFIG || kept?.PATH !== given.PATH) {
    await replaceFile(path, `${JSON.stringify(given, undefined, 1)}\n`).catch((error) =>
      log.warn('environment not kept', { path, error: String(error) }),
    );
  }
  return { ...env, ...(given.KUBECONFIG !== undefined && { KUBECONFIG: given.KUBECONFIG }) };
}

async function read(path: string): Promise<Kept | undefined> {
  const file = await readBounded(path, maxFileBytes);
  if (file.kind !== 'text') return undefined;
  try {
    return keptSchema.safeParse(JSON.parse(file.text)).data;
  } catch {
    return undefined;
  }
}

/** A login's PATH is short, and where both have a program the given one is meant. */
function joined(...lists: readonly (string | undefined)[]): string | undefined {
  const folders = lists.flatMap((list) => list?.split(delimiter) ?? []).filter((folder) => folder !== '');
  return [...new Set(folders)].join(delimiter) || undefined;
}
