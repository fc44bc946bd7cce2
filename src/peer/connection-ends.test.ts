import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { addressBytes, asIpv6, connectionEnds } from './connection-ends.ts';

const hexOf = (text: string) => addressBytes(text).toString('hex');

describe('addresses', () => {
  it.each([
    ['127.0.0.1', '7f000001'],
    ['::ffff:127.0.0.1', '7f000001'],
    ['::ffff:7f00:1', '7f000001'],
    ['::1', '00000000000000000000000000000001'],
    ['::', '00000000000000000000000000000000'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
    ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
    ['2001:db8::6', '20010db8000000000000000000000006'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
  ])('%s', (text, hex) => expect(hexOf(text)).toBe(hex));

  it('are what Node takes them for', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const bytes = addressBytes(text);
        const groups = bytes.length === 4 ? `::ffff:${[...bytes].join('.')}` : grouped(bytes);
        const list = new BlockList();
        list.addAddress(groups, 'ipv6');
        expect(list.check(text, 'ipv6')).toBe(true);
      }),
      fuzzed(1_000),
    );
  });

  it('of IPv4 have a form for IPv6 sockets', () => {
    expect(asIpv6({ address: addressBytes('127.0.0.1'), port: 5 })).toEqual({
      address: Buffer.from('00000000000000000000ffff7f000001', 'hex'),
      port: 5,
    });
  });
});

describe('ends', () => {
  it('are absent once a connection has ended', () => {
    expect(
      connectionEnds({
        remoteAddress: undefined,
        remotePort: undefined,
        localAddress: '127.0.0.1',
        localPort: 1,
      }),
    ).toBeUndefined();
  });
});

function grouped(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(':');
}
