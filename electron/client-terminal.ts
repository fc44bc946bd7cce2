import { join } from 'node:path';

/** A program to start, detached, and a file that it needs first. */
export interface TerminalStart {
  readonly words: readonly [string, ...string[]];
  readonly script?: { readonly path: string; readonly content: string };
}

export interface TerminalOptions {
  readonly platform: NodeJS.Platform;
  /** What is to run in the terminal. */
  readonly words: readonly [string, ...string[]];
  /** The user's own folder, for a script that macOS opens. */
  readonly folder: string;
  /** Of this start alone: the terminal reads the script later, when another may have been written. */
  readonly id: string;
}

/** How a terminal is opened with a command in it. No shell reads the words, but on macOS, where they are quoted for it. Pure. */
export function terminalStart({ platform, words, folder, id }: TerminalOptions): TerminalStart {
  switch (platform) {
    case 'darwin': {
      const path = join(folder, `client-${id}.command`);
      const content = `#!/bin/sh\nrm -- "$0"\nexec ${words.map(shellQuoted).join(' ')}\n`;
      return { words: ['open', path], script: { path, content } };
    }
    case 'win32':
      // A console program that is started detached has a window of its own.
      return { words };
    default:
      return { words: ['x-terminal-emulator', '-e', ...words] };
  }
}

function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
