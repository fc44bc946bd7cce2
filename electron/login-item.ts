import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** How the desktop is told to start the app at login: by Electron, or on Linux by a file (freedesktop.org autostart). */
export type LoginItem =
  | {
      readonly kind: 'electron';
      readonly settings: { readonly openAtLogin: boolean; readonly args: string[] };
    }
  | { readonly kind: 'file'; readonly path: string; readonly content: string | undefined };

/** Started so, the app shows its icon and no window. */
const hiddenFlag = '--hidden';

export interface LoginItemOptions {
  readonly on: boolean;
  readonly platform: NodeJS.Platform;
  readonly program: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Pure. */
export function loginItem({ on, platform, program, home, env }: LoginItemOptions): LoginItem {
  if (platform !== 'linux') return { kind: 'electron', settings: { openAtLogin: on, args: [hiddenFlag] } };
  const folder = env.XDG_CONFIG_HOME?.startsWith('/') ? env.XDG_CONFIG_HOME : join(home, '.config');
  // The AppImage itself: what runs is mounted anew each time.
  const started = env.APPIMAGE ?? program;
  const content = `[Desktop Entry]
Type=Application
Name=Sallyport
Comment=Tunnels into Kubernetes
Exec=${desktopQuoted(started)} ${hiddenFlag}
Terminal=false
X-GNOME-Autostart-enabled=true
`;
  return {
    kind: 'file',
    path: join(folder, 'autostart', 'sallyport.desktop'),
    content: on ? content : undefined,
  };
}

/** Whether the desktop started the app at login, and nobody asked for its window. macOS gives it no arguments, and says so itself. */
export function isLoginStart({
  platform,
  args,
  wasOpenedAtLogin,
}: {
  readonly platform: NodeJS.Platform;
  readonly args: readonly string[];
  readonly wasOpenedAtLogin: () => boolean;
}): boolean {
  return args.includes(hiddenFlag) || (platform === 'darwin' && wasOpenedAtLogin());
}

/** Writes or removes the file of one. */
export async function applyFile({ path, content }: Extract<LoginItem, { kind: 'file' }>): Promise<void> {
  if (content === undefined) return rm(path, { force: true });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** Desktop Entry Specification, the Exec key: quoted by the shell's rules, then as a string value; % begins a field code. */
function desktopQuoted(text: string): string {
  const quoted = `"${text.replace(/["`$\\]/g, '\\$&')}"`;
  return quoted.replaceAll('\\', '\\\\').replaceAll('%', '%%');
}
