import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { parseListening, portOwner } from './port-owner.ts';

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 9501 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1538 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1002        0 9502 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:9C40 0100007F:1538 01 00000000:00000000 00:00000000 00000000  1003        0 9503 1 0000000000000000 20 4 30 10 -1
`;

describe('port owner', () => {
  it('reads the socket that listens, not those connected through the port', () => {
    expect(parseListening(table, 5432)).toEqual([{ inode: '9501', uid: '1001' }]);
    expect(parseListening(table, 0x9c40)).toEqual([]);
    expect(parseListening('', 5432)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('names the program that listens', async () => {
    for (const address of ['127.0.0.1', '0.0.0.0']) {
      const server = createServer().listen(0, address);
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      expect(await portOwner({ address, port })).toContain(`(pid ${process.pid})`);
      server.close();
      await once(server, 'close');
      expect(await portOwner({ address, port })).toBeUndefined();
    }
  });
});
