import { basename } from 'node:path';
import type { Shell } from '../contract/connection-string.ts';
import type { Cli } from './cli.ts';

/** The shell that a command is most likely pasted into. */
export function shellOf({ env, platform }: Pick<Cli, 'env' | 'platform'>): Shell {
  const shell = basename(env.SHELL ?? '');
  if (shell === 'fish') return 'fish';
  if (shell === 'pwsh' || (platform === 'win32' && shell === '')) return 'powershell';
  return 'sh';
}
