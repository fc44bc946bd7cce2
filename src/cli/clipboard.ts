import { spawn } from 'node:child_process';
import { AppError } from '../base/app-error.ts';
import type { Cli } from './cli.ts';

/** Terminals cut longer sequences off. */
const maxTerminalBytes = 74_994;
const timeoutMs = 5_000;

/**
 * Gives a text to the clipboard by a program of the platform, or through the terminal where there is none, as over ssh (OSC 52). Says by
 * what. The text goes through standard input: arguments can be read by other processes. Throws SP-PROGRAM-MISSING.
 */
export async function copyToClipboard(
  text: string,
  { platform, env, stderr }: Pick<Cli, 'platform' | 'env' | 'stderr'>,
): Promise<string> {
  const candidates = programs(platform, env);
  for (const words of candidates) if (await accepts(words, text)) return words[0]!;
  if (stderr.isTTY && Buffer.byteLength(text) <= maxTerminalBytes) {
    stderr.write(`\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`);
    return 'the terminal';
  }
  const names = candidates.map(([name]) => name).join(' or ');
  const print = 'print the string with `sallyport url`';
  throw new AppError('SP-PROGRAM-MISSING', {
    program: `for the clipboard${names ? '' : ', as there is no display'}`,
    next: names ? `install ${names}, or ${print}` : print,
  });
}

function programs(platform: NodeJS.Platform, env: Cli['env']): string[][] {
  if (platform === 'darwin') return [['pbcopy']];
  // clip.exe takes the system's code page; PowerShell can be told that it is UTF-8.
  const powershell = [
    ...['powershell.exe', '-NoProfile', '-NonInteractive', '-Command'],
    '[Console]::InputEncoding=[Text.Encoding]::UTF8; Set-Clipboard -Value ([Console]::In.ReadToEnd())',
  ];
  if (platform === 'win32') return [powershell];
  const found: string[][] = [];
  if (env.WSL_DISTRO_NAME) found.push(powershell);
  if (env.WAYLAND_DISPLAY) found.push(['wl-copy']);
  if (env.DISPLAY) found.push(['xclip', '-selection', 'clipboard'], ['xsel', '--clipboard', '--input']);
  if (env.TERMUX_VERSION) found.push(['termux-clipboard-set']);
  return found;
}

/** Programs that hold the clipboard stay in the background: their exit is waited for, not the end of what they inherited. */
function accepts([program = '', ...args]: readonly string[], text: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'], timeout: timeoutMs });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
    child.stdin.on('error', () => {});
    child.stdin.end(text);
  });
}
