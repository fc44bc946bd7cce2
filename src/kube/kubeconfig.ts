/** The kubeconfig as kubectl reads it: which files, how they are merged, which context, cluster and user are meant. */
import { open, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { AppError } from '../base/app-error.ts';
import {
  type ClusterEntry,
  type KubeconfigFile,
  maxKubeconfigBytes,
  parseKubeconfig,
  type UserEntry,
} from './kubeconfig-file.ts';

/** More entries in KUBECONFIG than this are an accident. */
const maxFiles = 256;
const chunkBytes = 64 * 1024;

/** Texts of what can be read only once, as --kubeconfig <(command) can, by path. Who reads more than once keeps them. */
export type PipeTexts = Map<string, string>;

export interface KubeconfigPlaces {
  /** The value of --kubeconfig: then that file alone. */
  readonly flag?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The files to read, in order; `required` where a missing one is an error of its own. */
export function kubeconfigPaths({ flag, env }: KubeconfigPlaces): {
  readonly paths: readonly string[];
  readonly required: boolean;
} {
  if (flag) return { paths: [resolve(flag)], required: true };
  if (env.KUBECONFIG) {
    const paths = env.KUBECONFIG.split(delimiter).filter((path) => path !== '');
    return {
      paths: [...new Set(paths.map((path) => resolve(path)))].slice(0, maxFiles),
      required: false,
    };
  }
  return {
    paths: [join(env.HOME || env.USERPROFILE || homedir(), '.kube', 'config')],
    required: false,
  };
}

/** Reads and merges the files. Throws SP-KUBECONFIG-MISSING when there is none, SP-KUBECONFIG-INVALID. */
export async function loadKubeconfig(
  places: KubeconfigPlaces,
  pipes: PipeTexts = new Map(),
): Promise<KubeconfigFile> {
  const { paths, required } = kubeconfigPaths(places);
  const files = await Promise.all(paths.map((path) => readKubeconfig(path, pipes)));
  const present = files.filter((file) => file !== undefined);
  if (present.length === 0 || (required && present.length < paths.length)) {
    throw new AppError('SP-KUBECONFIG-MISSING', { path: paths.join(delimiter) });
  }
  return mergeKubeconfigs(present);
}

/** The first file to name an entry or a current context wins; entries are never mixed. */
function mergeKubeconfigs(files: readonly KubeconfigFile[]): KubeconfigFile {
  // Maps keep the last value set, so the files go in backwards.
  const backwards = files.toReversed();
  return {
    path: files.map((file) => file.path).join(delimiter),
    currentContext: files.find((file) => file.currentContext)?.currentContext ?? '',
    clusters: new Map(backwards.flatMap((file) => [...file.clusters])),
    contexts: new Map(backwards.flatMap((file) => [...file.contexts])),
    users: new Map(backwards.flatMap((file) => [...file.users])),
  };
}

export interface SelectedContext {
  readonly contextName: string;
  readonly clusterName: string;
  readonly cluster: ClusterEntry;
  readonly userName: string;
  /** undefined: the context names no user, requests go out anonymous. */
  readonly user: UserEntry | undefined;
  readonly namespace: string;
}

/** The context meant by `context` (--context), else the current one. Throws SP-CONTEXT-UNKNOWN, SP-KUBECONFIG-INVALID. */
export function selectContext(
  config: KubeconfigFile,
  wanted: { readonly context?: string | undefined; readonly namespace?: string | undefined },
): SelectedContext {
  const contextName = wanted.context || config.currentContext;
  const context = config.contexts.get(contextName);
  if (!contextName || !context) {
    const known = [...config.contexts.keys()].slice(0, 20).join(', ');
    throw new AppError('SP-CONTEXT-UNKNOWN', { context: contextName || undefined, known });
  }
  const invalid = (message: string) =>
    new AppError('SP-KUBECONFIG-INVALID', {
      path: config.path,
      message: `context ${contextName} ${message}`,
    });
  const cluster = config.clusters.get(context.cluster);
  if (!cluster) throw invalid(`names a cluster that is not there: ${context.cluster || '(none)'}`);
  const user = config.users.get(context.user);
  if (context.user && !user) throw invalid(`names a user that is not there: ${context.user}`);
  return {
    contextName,
    clusterName: context.cluster,
    cluster,
    userName: context.user,
    user,
    namespace: wanted.namespace || context.namespace || 'default',
  };
}

async function readKubeconfig(path: string, pipes: PipeTexts): Promise<KubeconfigFile | undefined> {
  const content = await readMaybePipe(path, { limitBytes: maxKubeconfigBytes, pipes });
  return content === undefined ? undefined : parseKubeconfig(path, content);
}

/** As readBounded, but what is no regular file is read once: a pipe is empty the second time, or waits for a writer for good. */
export async function readMaybePipe(
  path: string,
  { limitBytes, pipes }: { readonly limitBytes: number; readonly pipes: PipeTexts },
): Promise<string | undefined> {
  const kept = pipes.get(path);
  if (kept !== undefined) return kept;
  const content = await readBounded(path, limitBytes);
  if (content === undefined) return undefined;
  // A file that was removed meanwhile is read again when it is back.
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => true,
  );
  if (!isFile) pipes.set(path, content);
  return content;
}

/** A text file of at most `limitBytes`; undefined where there is none. Throws SP-KUBECONFIG-INVALID. */
export async function readBounded(path: string, limitBytes: number): Promise<string | undefined> {
  const invalid = (message: string, cause?: unknown) =>
    new AppError('SP-KUBECONFIG-INVALID', { path, message }, cause);
  try {
    await using file = await open(path, 'r');
    // Not sized by stat: it may be a pipe, as in --kubeconfig <(command).
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for (;;) {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.allocUnsafe(chunkBytes) });
      if (bytesRead === 0) return Buffer.concat(chunks).toString('utf8');
      chunks.push(buffer.subarray(0, bytesRead));
      sizeBytes += bytesRead;
      if (sizeBytes > limitBytes) throw invalid(`it is larger than ${limitBytes} bytes`);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw invalid(`it cannot be read (${code ?? 'unknown error'})`, error);
  }
}
