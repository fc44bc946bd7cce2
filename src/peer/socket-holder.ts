import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { type Clock, delay } from '../base/clock.ts';
import type { PeerProcess } from '../contract/peer.ts';
import { type Pass, SharedPass } from './shared-pass.ts';

/**
 * Which process of Linux holds a socket: /proc/PID/fd names each descriptor's inode. That can be read of the user's own processes. It is
 * read synchronously, which for /proc is a tenth of the work, but a little at a time, so that nine tenths of the time are the traffic's.
 */

/** What is read in one turn takes about a quarter of a millisecond; then it pauses. */
const turnReads = 64;
const pauseMs = 2;
/** More than any developer's machine has; the search ends there. */
const maxProcesses = 32_768;
const maxDescriptors = 65_536;
const maxWaiting = 1_024;
/** Processes that were found last are looked at first, as one program often opens many connections; then so many of the newest. */
const maxRecent = 16;
const newestFirst = 16;

export interface WantedSocket {
  readonly inode: number;
  /** Whose processes are looked at; undefined: all that may be read. */
  readonly uid: number | undefined;
  /** It has closed meanwhile: looking on would be in vain. */
  readonly isOver?: () => boolean;
}

/** Finds the processes that hold sockets. One search goes through all processes for all who ask. */
export class SocketHolders {
  readonly #passes = new SharedPass<WantedSocket, PeerProcess>({
    limit: maxWaiting,
    read: (pass) => this.#search(pass),
  });
  readonly #clock: Clock;
  /** Newest last. */
  #recent: number[] = [];
  /** The search got to here: who opens short connections one after the other is not missed each time for coming late in it. */
  #reached = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** undefined where it has ended, may not be seen, or is none of that user's. Never rejects. */
  find(wanted: WantedSocket): Promise<PeerProcess | undefined> {
    return this.#passes.find(wanted);
  }

  async #search(pass: Pass<WantedSocket, PeerProcess>): Promise<void> {
    let readsLeft = 0;
    // Before the first turn too: the traffic of who asks goes first.
    let pause = 0;
    const turn = async () => {
      await delay(this.#clock, pause);
      pause = pauseMs;
      for (const wanted of pass.waiting()) if (wanted.isOver?.()) pass.drop(wanted);
      readsLeft = turnReads;
    };
    for (const candidates of [this.#recent.toReversed(), this.#others()]) {
      // To list all processes takes longer than the rest of a turn: only for who is still there, and was found in none of the recent ones.
      await turn();
      if (pass.isOver) return;
      for (const pid of candidates) {
        if (--readsLeft < 0) await turn();
        if (pass.isOver) return;
        const waiting = pass.waiting();
        if (!mayHold(pid, waiting)) continue;
        const byLink = new Map(waiting.map((wanted) => [`socket:[${wanted.inode}]`, wanted]));
        for (const descriptor of descriptorsOf(pid)) {
          if (--readsLeft < 0) await turn();
          if (pass.isOver) return;
          const link = `/proc/${pid}/fd/${descriptor}`;
          const wanted = byLink.get(targetOf(link) ?? '');
          if (!wanted) continue;
          const process = describe(pid);
          // Still there: it was that process that was described, and not a later one of the same number.
          if (targetOf(link) !== `socket:[${wanted.inode}]`) continue;
          this.#recent = [...this.#recent.filter((other) => other !== pid), pid].slice(-maxRecent);
          pass.found(wanted, process);
        }
      }
    }
  }

  /** This process, with all its connections, comes last. */
  *#others(): Generator<number> {
    const recent = new Set(this.#recent);
    const reached = this.#reached;
    const all = orNothing(() => readdirSync('/proc')) ?? [];
    const others = all
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => pid !== process.pid && !recent.has(pid))
      .sort((a, b) => b - a)
      .slice(0, maxProcesses);
    yield* others.slice(0, newestFirst);
    const rest = others.slice(newestFirst);
    for (const pid of [...rest.filter((pid) => pid <= reached), ...rest.filter((pid) => pid > reached)]) {
      this.#reached = pid;
      yield pid;
    }
    yield process.pid;
  }
}

function mayHold(pid: number, waiting: readonly WantedSocket[]): boolean {
  const owner = orNothing(() => statSync(`/proc/${pid}`).uid);
  return owner !== undefined && waiting.some(({ uid }) => uid === undefined || uid === owner);
}

/** What was opened last is mostly what is looked for, and has the highest number. */
function descriptorsOf(pid: number): number[] {
  const names = orNothing(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  const descriptors = names.map(Number).sort((a, b) => b - a);
  return descriptors.slice(0, maxDescriptors);
}

function targetOf(link: string): string | undefined {
  return orNothing(() => readlinkSync(link));
}

function describe(pid: number): PeerProcess {
  const program = orNothing(() => readlinkSync(`/proc/${pid}/exe`));
  const words = (orNothing(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '').split('\0');
  return { pid, ...(program !== undefined && { program }), command: commandOf(words) };
}

const interpreters = /^(node|nodejs|bun|deno|python[\d.]*|perl[\d.]*|ruby[\d.]*|php[\d.]*|bash|dash|sh)$/;

/** As it was started, without folders; the kernel's own short name is only that of a thread. */
export function commandOf(words: readonly string[]): string {
  const [program, script] = words.filter((word) => word !== '');
  if (!program) return 'a program';
  const runsScript = interpreters.test(basename(program)) && script !== undefined && !script.startsWith('-');
  return basename(runsScript ? script : program);
}

/** Processes end while they are looked at, and those of others may not be. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
