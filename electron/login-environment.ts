import type { Clock } from '../src/base/clock.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface LoginEnvironmentOptions {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly clock: Clock;
  /** Reads the environment that the user's login shell makes (shell-env). */
  readonly shellEnv: () => Promise<Environment>;
}

/** A shell's start files may ask something, or hang in a network's folder. */
const timeoutMs = 5_000;

/** What AppImage and Electron put into the environment of this app, which programs started by the daemon must not see. */
const ownNames = /^(APPDIR|APPIMAGE|ARGV0|OWD|CHROME_|ELECTRON_|ORIGINAL_XDG_|GDK_|GIO_|GTK_)/;

/**
 * The environment for the daemon: that of the login shell over that of the desktop, because an app that the desktop starts has a short PATH, no
 * KUBECONFIG, and none of the variables that credential plugins read. Never rejects: where the shell does not answer, the desktop's alone.
 */
export async function loginEnvironment(options: LoginEnvironmentOptions): Promise<Record<string, string>> {
  const { env, platform, clock, shellEnv } = options;
  // A user's variables are those of every program there.
  if (platform === 'win32') return cleaned(env, env);
  const tooLate = new Promise<undefined>((resolve) => clock.after(timeoutMs, () => resolve(undefined)));
  const ofShell = await Promise.race([shellEnv().catch(() => undefined), tooLate]);
  return cleaned({ ...env, ...ofShell }, env);
}

function cleaned(merged: Environment, { APPDIR: appDir }: Environment): Record<string, string> {
  const kept = Object.entries(merged).flatMap(([name, value]): [string, string][] => {
    if (value === undefined || ownNames.test(name)) return [];
    // An AppImage puts its mount, which goes away with this app, before the user's folders.
    if (!appDir || !/^(PATH|LD_LIBRARY_PATH|XDG_DATA_DIRS)$/.test(name)) return [[name, value]];
    const folders = value.split(':').filter((folder) => folder !== '' && !folder.startsWith(appDir));
    return folders.length > 0 ? [[name, folders.join(':')]] : [];
  });
  return Object.fromEntries(kept);
}
