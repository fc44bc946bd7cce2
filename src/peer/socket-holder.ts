import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PeerProcess } from '../contract/peer.ts';
import { type Pass, SharedPass } from './shared-pass.ts';

/**
 * Which process of Linux holds a socket: /proc/PID/fd names each descriptor's inode. That can be read of the user's own processes. It is
 * read synchronously, which for /proc is a tenth of the work, in turns of at most `turnLinks` so that traffic goes on.
 */

const turnLinks = 256;
/** More than any developer's machine has; the search ends there. */
const maxProcesses = 32_768;
const maxDescriptors = 65_536;
const maxWaiting = 1_024;
/** Processes that were found last are looked at first: one program often opens many connections. */
const maxRecent = 16;

export interface WantedSocket {
  readonly inode: number;
  /** Whose processes are looked at; undefined: all that may be read. */
  readonly uid: number | undefined;
}

/** Finds the processes that hold sockets. One search goes through all processes for all who ask. */
export class SocketHolders {
  readonly #passes = new SharedPass<WantedSocket, PeerProcess>({
    limit: maxWaiting,
    read: (pass) => this.#search(pass),
  });
  /** Newest last. */
  #recent: string[] = [];

  /** undefined where it has ended, may not be seen, or is none of that user's. Never rejects. */
  find(wanted: WantedSocket): Promise<PeerProcess | undefined> {
    return this.#passes.find(wanted);
  }

  async #search(pass: Pass<WantedSocket, PeerProcess>): Promise<void> {
    // The traffic of who asks goes first.
    await nextTurn();
    let linksLeft = turnLinks;
    for (const pid of this.#candidates()) {
      if (pass.isOver) return;
      const waiting = pass.waiting();
      if (!mayHold(pid, waiting)) continue;
      const byLink = new Map(waiting.map((wanted) => [`socket:[${wanted.inode}]`, wanted]));
      for (const descriptor of descriptorsOf(pid)) {
        if (--linksLeft === 0) {
          await nextTurn();
          linksLeft = turnLinks;
        }
        const link = `/proc/${pid}/fd/${descriptor}`;
        const wanted = byLink.get(targetOf(link) ?? '');
        const process = wanted && describe(pid);
        // Still there: it was that process that was described, and not a later one of the same number.
        if (!wanted || !process || targetOf(link) !== `socket:[${wanted.inode}]`) continue;
        this.#recent = [...this.#recent.filter((other) => other !== pid), pid].slice(-maxRecent);
        pass.found(wanted, process);
      }
    }
  }

  /** The newest processes first, as a client mostly is one. */
  *#candidates(): Generator<string> {
    const recent = new Set(this.#recent.toReversed());
    yield* recent;
    const all = orNothing(() => readdirSync('/proc')) ?? [];
    const pids = all.filter((name) => /^\d+$/.test(name) && !recent.has(name)).map(Number);
    for (const pid of pids.sort((a, b) => b - a).slice(0, maxProcesses)) yield String(pid);
  }
}

function mayHold(pid: string, waiting: readonly WantedSocket[]): boolean {
  const owner = orNothing(() => statSync(`/proc/${pid}`).uid);
  return owner !== undefined && waiting.some(({ uid }) => uid === undefined || uid === owner);
}

/** What was opened last is mostly what is looked for. */
function descriptorsOf(pid: string): string[] {
  const names = orNothing(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return names.slice(-maxDescriptors).reverse();
}

function targetOf(link: string): string | undefined {
  return orNothing(() => readlinkSync(link));
}

function describe(pid: string): PeerProcess {
  const program = orNothing(() => readlinkSync(`/proc/${pid}/exe`));
  const words = (orNothing(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '').split('\0');
  return { pid: Number(pid), ...(program !== undefined && { program }), command: commandOf(words) };
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
