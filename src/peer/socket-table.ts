import { open } from 'node:fs/promises';
import { asIpv6, type ConnectionEnd, type ConnectionEnds } from './connection-ends.ts';
import { type Pass, SharedPass } from './shared-pass.ts';
import type { SocketOwner } from './socket-diag.ts';

/**
 * /proc/net/tcp and tcp6 (Documentation/networking/proc_net_tcp.rst): all TCP sockets of this network namespace as lines of text. Slow, as
 * the kernel walks its whole hash table and writes a line for each socket; for where socket diagnostics cannot be had.
 */

const tables = ['/proc/net/tcp', '/proc/net/tcp6'];
/** The kernel hands out a page at a time. */
const chunkBytes = 4_096;
/** Lines are 150 to 200 bytes long. */
const maxLineBytes = 1_024;
const maxWaiting = 1_024;

/** Looks for sockets whose local end is a connection's client. */
export class SocketTable {
  readonly #passes = new SharedPass<WantedRow, SocketOwner>({ limit: maxWaiting, read: readTables });

  find(ends: ConnectionEnds): Promise<SocketOwner | undefined> {
    return this.#passes.find(new WantedRow(ends));
  }
}

/** The addresses of a row as the table has them. An IPv6 socket may be connected by IPv4. */
export class WantedRow {
  readonly #columns: readonly Buffer[];

  constructor({ client, server }: ConnectionEnds) {
    const columns = [` ${hexEnd(client)} ${hexEnd(server)} `];
    if (client.address.length === 4) columns.push(` ${hexEnd(asIpv6(client))} ${hexEnd(asIpv6(server))} `);
    this.#columns = columns.map((text) => Buffer.from(text));
  }

  /** `lines` are whole. A row that no process holds any more is none. */
  find(lines: Buffer): SocketOwner | undefined {
    for (const column of this.#columns) {
      const at = lines.indexOf(column);
      if (at < 0) continue;
      const rest = lines.toString('latin1', at + column.length, lines.indexOf('\n', at));
      // st, queues, timer, retransmits, uid, timeout, inode
      const [, , , , uid, , inode] = rest.trim().split(/ +/);
      if (Number(inode) > 0) return { uid: Number(uid), inode: Number(inode) };
    }
    return undefined;
  }
}

/** Cuts what is read anywhere into runs of whole lines. A line over the limit ends the table. */
export async function* wholeLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const end = bytes.lastIndexOf('\n') + 1;
    if (end > 0) yield bytes.subarray(0, end);
    // A copy: the chunk's memory is read into again.
    rest = Buffer.from(bytes.subarray(end));
    if (rest.length > maxLineBytes) return;
  }
}

async function readTables(pass: Pass<WantedRow, SocketOwner>): Promise<void> {
  for (const table of tables) {
    for await (const lines of wholeLines(chunksOf(table))) {
      for (const wanted of pass.waiting()) {
        const owner = wanted.find(lines);
        if (owner) pass.found(wanted, owner);
      }
      if (pass.isOver) return;
    }
  }
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  await using file = await open(path);
  const chunk = Buffer.allocUnsafe(chunkBytes);
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, chunkBytes, null);
    if (bytesRead === 0) return;
    yield chunk.subarray(0, bytesRead);
  }
}

/** Words of 32 bits in the machine's byte order, as the kernel prints what it holds in network order. */
function hexEnd({ address, port }: ConnectionEnd): string {
  const words = Array.from({ length: address.length / 4 }, (_, index) =>
    hex(address.readUInt32LE(index * 4), 8),
  );
  return `${words.join('')}:${hex(port, 4)}`;
}

function hex(value: number, width: number): string {
  return value.toString(16).toUpperCase().padStart(width, '0');
}
