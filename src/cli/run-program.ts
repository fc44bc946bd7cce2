import { type ChildProcess, spawn } from 'node:child_process';
import { AppError } from '../base/app-error.ts';
import { exitCodeOf } from './exit-code-of.ts';

const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** What a terminal sends to all of its foreground processes: the program has it already. */
const sentByTerminal: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGHUP'];

/**
 * Runs a program with this one's standard streams until it ends. Signals are passed on to it and do not end this process. Resolves with its
 * exit code, or with 128 and the number of the signal that ended it, as shells say it. Throws SP-PROGRAM-MISSING.
 */
export function runProgram(words: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [program = '', ...args] = words;
  return new Promise((resolve, reject) => {
    let child: ChildProcess | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
      if (process.stdin.isTTY && sentByTerminal.includes(signal)) return;
      child?.kill(signal);
    };
    // Before it starts: a signal that comes while it does would end this process, and leave it alone.
    for (const signal of passedOn) process.on(signal, onSignal);
    const settle = () => {
      for (const signal of passedOn) process.removeListener(signal, onSignal);
    };
    child = spawn(program, args, { stdio: 'inherit', env });
    child.once('error', (error: NodeJS.ErrnoException) => {
      settle();
      const missing = error.code === 'ENOENT' || error.code === 'EACCES';
      reject(missing ? new AppError('SP-PROGRAM-MISSING', { program }, error) : error);
    });
    child.once('close', (code, signal) => {
      settle();
      resolve(code ?? exitCodeOf(signal ?? 'SIGKILL'));
    });
  });
}
