import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { PeerProcess } from '../contract/peer.ts';
import { type AcceptedSocket, connectionEnds, type NamedEnds } from './connection-ends.ts';
import { isOwnAddress } from './own-address.ts';
import type { PeerFinder, PeerOwner } from './peer-owner.ts';
import { type Pass, SharedPass } from './shared-pass.ts';

/**
 * macOS has no way to ask for one socket from here. lsof lists the connections of this user's processes (of all users to root), so that one of
 * another user is unmatched. A run takes tens of milliseconds; connections that come together share one.
 */

/** By its place, not by PATH. */
const lsofPath = '/usr/sbin/lsof';
const psPath = '/bin/ps';
const runTimeoutMs = 3_000;
const maxOutputBytes = 16 * 1024 * 1024;
const maxWaiting = 1_024;
const run = promisify(execFile);

/** One end of a TCP connection that a process holds. */
export interface ListedSocket {
  readonly pid: number;
  readonly uid: number;
  readonly command: string;
  /** `127.0.0.1:54321->127.0.0.1:5432`; IPv6 in brackets. */
  readonly name: string;
}

export class LsofPeerFinder implements PeerFinder {
  readonly #lsof: string;
  readonly #passes = new SharedPass<WantedName, ListedSocket>({
    limit: maxWaiting,
    read: (pass) => this.#list(pass),
  });

  constructor(lsof = lsofPath) {
    this.#lsof = lsof;
  }

  async prepare(): Promise<void> {}

  async ownerOf(socket: AcceptedSocket): Promise<PeerOwner> {
    const ends = connectionEnds(socket);
    if (!ends) return { kind: 'gone' };
    const found = await this.#passes.find({ name: connectionName(socket), serverPort: ends.server.port });
    if (!found) return { kind: isOwnAddress(ends.client.address) ? 'unmatched' : 'elsewhere' };
    let process: Promise<PeerProcess> | undefined;
    return {
      kind: 'found',
      uid: found.uid,
      process: () => {
        process ??= describe(found);
        return process;
      },
    };
  }

  [Symbol.dispose](): void {}

  async #list(pass: Pass<WantedName, ListedSocket>): Promise<void> {
    const ports = new Set(pass.waiting().map(({ serverPort }) => serverPort));
    // -w: no warnings; -n, -P: addresses and ports as numbers; -F: one field a line.
    const args = ['-w', '-n', '-P', `-iTCP:${[...ports].join(',')}`, '-Fpcun'];
    const { stdout } = await run(this.#lsof, args, { timeout: runTimeoutMs, maxBuffer: maxOutputBytes });
    const listed = new Map(parseLsof(stdout).map((socket) => [socket.name, socket]));
    for (const wanted of pass.waiting()) {
      const socket = listed.get(wanted.name);
      if (socket) pass.found(wanted, socket);
    }
  }
}

interface WantedName {
  readonly name: string;
  readonly serverPort: number;
}

/** What lsof calls the connection at its client's end. */
export function connectionName(socket: NamedEnds): string {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  return `${endName(remoteAddress, remotePort)}->${endName(localAddress, localPort)}`;
}

/** Reads the output of `lsof -F pcun`: a field a line, each process's fields before those of its files. What is not understood is left out. */
export function parseLsof(output: string): ListedSocket[] {
  const sockets: ListedSocket[] = [];
  let process = { pid: Number.NaN, uid: Number.NaN, command: '' };
  for (const line of output.split('\n')) {
    const value = line.slice(1);
    switch (line[0]) {
      case 'p':
        process = { pid: Number(value || Number.NaN), uid: Number.NaN, command: '' };
        break;
      case 'c':
        process = { ...process, command: value };
        break;
      case 'u':
        process = { ...process, uid: Number(value || Number.NaN) };
        break;
      case 'n':
        if (Number.isInteger(process.pid) && Number.isInteger(process.uid) && value.includes('->'))
          sockets.push({ ...process, name: value });
    }
  }
  return sockets;
}

function endName(address = '', port = 0): string {
  const bare = address.replace(/^::ffff:(?=[\d.]+$)/, '');
  return bare.includes(':') ? `[${bare}]:${port}` : `${bare}:${port}`;
}

/** ps knows the executable's path; lsof gives only its name. */
async function describe({ pid, command }: ListedSocket): Promise<PeerProcess> {
  const options = { timeout: runTimeoutMs, maxBuffer: maxOutputBytes };
  const path = await run(psPath, ['-ww', '-o', 'comm=', '-p', String(pid)], options).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  );
  return { pid, ...(path.startsWith('/') && { program: path }), command };
}
