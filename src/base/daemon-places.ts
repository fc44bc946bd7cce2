import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type AppFolders, appFolders } from './app-folders.ts';

export interface DaemonPlaces {
  readonly folders: AppFolders;
  /** Holds the socket and who has the lock; gone after a restart of the machine where the platform has a place for that. */
  readonly runtime: string;
  /** A unix socket, or a named pipe. */
  readonly socket: string;
  /** What is wanted. */
  readonly wantedFile: string;
  readonly userFile: string;
  readonly trustFile: string;
  readonly gitCache: string;
  /** Holds a folder for each audit log. */
  readonly auditFolder: string;
  readonly settingsFile: string;
  /** The certificate of the local authority, for programs that are to trust it. */
  readonly localAuthorityFile: string;
  readonly logFile: string;
}

export interface PlacesOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly folders?: AppFolders;
}

/** Where the daemon of this user keeps and offers what. Nothing is created. */
export function daemonPlaces({ env, platform, folders = appFolders() }: PlacesOptions): DaemonPlaces {
  const ofSession = platform === 'linux' && env.XDG_RUNTIME_DIR?.startsWith('/') && env.XDG_RUNTIME_DIR;
  const runtime = ofSession ? join(ofSession, 'sallyport') : join(folders.data, 'run');
  return {
    folders,
    runtime,
    socket: platform === 'win32' ? pipeName(folders.data) : join(runtime, 'daemon.sock'),
    wantedFile: join(folders.data, 'wanted.json'),
    userFile: join(folders.config, 'profiles.yaml'),
    trustFile: join(folders.data, 'trust.json'),
    gitCache: join(folders.cache, 'git'),
    auditFolder: join(folders.data, 'audit'),
    settingsFile: join(folders.config, 'settings.yaml'),
    localAuthorityFile: join(folders.data, 'local-ca.crt'),
    logFile: join(folders.log, 'daemon.log'),
  };
}

/** Pipes share one name space; the user's folder tells users apart. */
function pipeName(folder: string): string {
  return `\\\\.\\pipe\\sallyport-${createHash('sha256').update(folder).digest('hex').slice(0, 24)}`;
}
