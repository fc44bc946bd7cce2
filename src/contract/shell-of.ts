import type { Shell } from './connection-string.ts';

export interface ShellHints {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
}

/** The shell that a command is most likely pasted into. */
export function shellOf({ env, platform }: ShellHints): Shell {
  // Not by node:path: the desktop app's preload, which asks too, cannot load it.
  const [shell] = /[^/]*$/.exec(env.SHELL ?? '') ?? [];
  if (shell === 'fish') return 'fish';
  if (shell === 'pwsh' || (platform === 'win32' && !shell)) return 'powershell';
  return 'sh';
}
