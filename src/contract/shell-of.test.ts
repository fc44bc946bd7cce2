import { expect, it } from 'vitest';
import { shellOf } from './shell-of.ts';

it.each([
  ['linux', '/usr/bin/fish', 'fish'],
  ['darwin', '/usr/local/bin/pwsh', 'powershell'],
  ['darwin', '/bin/zsh', 'sh'],
  ['linux', undefined, 'sh'],
  ['linux', '', 'sh'],
  ['win32', undefined, 'powershell'],
  // Git Bash says which it is.
  ['win32', '/usr/bin/bash', 'sh'],
] as const)('on %s with SHELL=%s it is %s', (platform, SHELL, shell) => {
  expect(shellOf({ platform, env: { SHELL } })).toBe(shell);
});
