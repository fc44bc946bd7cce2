import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { connect } from 'node:net';
import { AppError } from '../base/app-error.ts';
import { type Clock, delay, systemClock } from '../base/clock.ts';
import type { DaemonPlaces } from '../base/daemon-places.ts';

export interface SpawnDaemonOptions {
  /** What runs the daemon in the foreground: a program and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly places: Pick<DaemonPlaces, 'socket' | 'logFile'>;
  readonly env: NodeJS.ProcessEnv;
  readonly clock?: Clock;
  /** Default 10 s. */
  readonly timeoutMs?: number;
}

/** A child that left because another daemon has the lock is started again after this, while nobody answers: that one may be ending. */
const againMs = 250;
const firstLookMs = 10;
const maxLookMs = 100;
/** What is kept of what the daemon says before it answers, and shown of its log. */
const keptBytes = 8_000;
const shownLines = 5;

/**
 * Starts a daemon that outlives this process, and resolves when it answers. Two that start one at a time end with one daemon: the second
 * finds the lock taken and leaves, and both clients find the first. Throws SP-DAEMON-START with the last it said.
 */
export async function spawnDaemon(options: SpawnDaemonOptions): Promise<void> {
  const { command, places, env, clock = systemClock, timeoutMs = 10_000 } = options;
  let attempt = new Attempt(command, env, clock.nowMs());
  const deadlineMs = clock.nowMs() + timeoutMs;
  try {
    for (let lookMs = firstLookMs; ; lookMs = Math.min(maxLookMs, lookMs * 2)) {
      if (await answers(places.socket)) return;
      const { end, said, startedMs } = attempt;
      // One that found the lock taken leaves the field to another, which may not answer yet.
      const lostTheLock = end !== undefined && said.includes('SP-DAEMON-RUNNING');
      if (clock.nowMs() >= deadlineMs || (end !== undefined && !lostTheLock)) {
        throw await failure(end ?? `it did not answer in ${timeoutMs / 1000} s`, said, places.logFile);
      }
      if (lostTheLock && clock.nowMs() - startedMs >= againMs)
        attempt = new Attempt(command, env, clock.nowMs());
      await delay(clock, lookMs);
    }
  } finally {
    attempt[Symbol.dispose]();
  }
}

/** One process that wants to be the daemon, and what it says before it answers. */
class Attempt implements Disposable {
  readonly startedMs: number;
  said = '';
  /** How it ended, if it has. */
  end: string | undefined;
  readonly #child: ChildProcess;

  constructor([program, ...args]: SpawnDaemonOptions['command'], env: NodeJS.ProcessEnv, startedMs: number) {
    this.startedMs = startedMs;
    this.#child = spawn(program, args, {
      detached: true,
      // The folder that this command was given in may be removed or unmounted later.
      cwd: '/',
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
      windowsHide: true,
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said = (this.said + text).slice(-keptBytes);
    });
    this.#child.once('error', (error) => {
      this.end = error.message;
    });
    // After its streams are read to their end, so that what it said is whole.
    this.#child.once('close', (code, signal) => {
      this.end = `it ended with ${signal ?? `exit code ${code}`}`;
    });
  }

  /** Lets go of the process, which lives on. */
  [Symbol.dispose](): void {
    this.#child.stderr?.destroy();
    this.#child.unref();
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function failure(message: string, said: string, logFile: string): Promise<AppError> {
  const told = lastLines(said);
  const why = told || lastLines(await tailOf(logFile));
  return new AppError('SP-DAEMON-START', { message, why, next: `its log is ${logFile}` });
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-shownLines).join('\n');
}

async function tailOf(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const length = Math.min(size, keptBytes);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8');
  } catch {
    return '';
  }
}
