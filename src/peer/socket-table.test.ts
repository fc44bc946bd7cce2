import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { addressBytes } from './connection-ends.ts';
import type { SocketOwner } from './socket-diag.ts';
import { WantedRow, wholeLines } from './socket-table.ts';

const between = (address: string, clientPort: number) =>
  new WantedRow({
    client: { address: addressBytes(address), port: clientPort },
    server: { address: addressBytes(address), port: 5_432 },
  });

/** As recorded from Linux 6.18, with other ports. */
const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 9501 1 00000000b7cc84bc 100 0 0 10 0                      
   1: 0100007F:1538 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1001        0 9502 1 00000000b7cc84bd 20 4 30 10 -1                     
   2: 0100007F:9C40 0100007F:1538 01 00000000:00000000 00:00000000 00000000  1003        0 15953624 1 00000000b7cc84be 20 4 30 10 -1                 
  86: 0100007F:B73E 0100007F:1538 05 00000000:00000000 00:00000000 00000000 65534        0 15953625 1 00000000b7cc84bf 20 0 0 12 -1                  
  87: 0100007F:B746 0100007F:1538 05 00000000:00000000 03:00001756 00000000     0        0 0 3 000000009c8bcb2e                                      
`;
const table6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:9C40 00000000000000000000000001000000:1538 01 00000000:00000000 00:00000000 00000000  1004        0 9601 1 00000000b7cc84ba 20 4 30 10 -1
   1: 0000000000000000FFFF00000100007F:9C42 0000000000000000FFFF00000100007F:1538 01 00000000:00000000 00:00000000 00000000  1005        0 9602 1 00000000b7cc84bb 20 4 30 10 -1
`;

/** What is found when the table comes in these pieces. */
async function findIn(chunks: Iterable<Buffer>, wanted: WantedRow): Promise<SocketOwner | undefined> {
  async function* given() {
    yield* chunks;
  }
  for await (const lines of wholeLines(given())) {
    const owner = wanted.find(lines);
    if (owner) return owner;
  }
  return undefined;
}

const whole = (text: string) => [Buffer.from(text)];

describe('the socket table', () => {
  it.each([
    [
      'the end of the client, not that of the server',
      table,
      between('127.0.0.1', 40_000),
      { uid: 1003, inode: 15_953_624 },
    ],
    [
      'one that has ended what it sends',
      table,
      between('127.0.0.1', 0xb73e),
      { uid: 65_534, inode: 15_953_625 },
    ],
    ['IPv6', table6, between('::1', 40_000), { uid: 1004, inode: 9601 }],
    ['an IPv6 socket connected by IPv4', table6, between('127.0.0.1', 40_002), { uid: 1005, inode: 9602 }],
  ])('finds %s', async (_name, text, wanted, owner) =>
    expect(await findIn(whole(text), wanted)).toEqual(owner),
  );

  it.each([
    ['nobody holds any more, whose uid of 0 is nobody’s', between('127.0.0.1', 0xb746)],
    ['only listens', between('127.0.0.1', 0)],
    ['is not there', between('127.0.0.1', 40_001)],
  ])('finds none that %s', async (_name, wanted) =>
    expect(await findIn(whole(table), wanted)).toBeUndefined(),
  );

  it('finds the same wherever reads are cut', async () => {
    const bytes = Buffer.from(table);
    for (let at = 0; at <= bytes.length; at++) {
      const halves = [bytes.subarray(0, at), bytes.subarray(at)];
      expect(await findIn(halves, between('127.0.0.1', 40_000))).toEqual({ uid: 1003, inode: 15_953_624 });
    }
    const single = Array.from(bytes, (byte) => Buffer.from([byte]));
    expect(await findIn(single, between('127.0.0.1', 0xb73e))).toEqual({ uid: 65_534, inode: 15_953_625 });
  });

  it('finds the same with reads of any size into the same memory', async () => {
    const bytes = Buffer.from(table);
    function* readsInto(memory: Buffer) {
      for (let at = 0; at < bytes.length; at += memory.length)
        yield memory.subarray(0, bytes.copy(memory, 0, at, at + memory.length));
    }
    for (let size = 1; size <= 400; size++) {
      const found = await findIn(readsInto(Buffer.alloc(size)), between('127.0.0.1', 40_000));
      expect(found).toEqual({ uid: 1003, inode: 15_953_624 });
    }
  });

  it('ends at a line without end', async () => {
    let reads = 0;
    function* endless() {
      for (; reads < 1_000; reads++) yield Buffer.alloc(500, 'x');
      yield* whole(`\n${table}`);
    }
    expect(await findIn(endless(), between('127.0.0.1', 40_000))).toBeUndefined();
    expect(reads).toBeLessThan(10);
  });

  it('finds nobody in noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (noise) => {
        expect(between('127.0.0.1', 40_000).find(Buffer.from(noise))).toBeUndefined();
      }),
      fuzzed(1_000),
    );
  });
});
