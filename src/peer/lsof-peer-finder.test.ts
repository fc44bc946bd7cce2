import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { connectionName, parseLsof } from './lsof-peer-finder.ts';

/** Recorded from lsof 4.95 with -w -n -P -iTCP -Fpcun; later ones print a line `f` before each `n`. */
const recorded = `p20864
cMainThread
u501
n127.0.0.1:36599
n[::1]:36599
n127.0.0.1:57344->127.0.0.1:36599
n127.0.0.1:36599->127.0.0.1:57344
p20901
cpsql
u502
f5
n[::1]:57346->[::1]:36599
`;

describe('lsof', () => {
  it('lists connections with who has them', () => {
    const node = { pid: 20_864, uid: 501, command: 'MainThread' };
    expect(parseLsof(recorded)).toEqual([
      { ...node, name: '127.0.0.1:57344->127.0.0.1:36599' },
      { ...node, name: '127.0.0.1:36599->127.0.0.1:57344' },
      { pid: 20_901, uid: 502, command: 'psql', name: '[::1]:57346->[::1]:36599' },
    ]);
  });

  it.each([
    ['127.0.0.1', '127.0.0.1', '127.0.0.1:57344->127.0.0.1:36599'],
    ['::1', '::1', '[::1]:57344->[::1]:36599'],
    ['::ffff:127.0.0.1', '::ffff:127.0.0.1', '127.0.0.1:57344->127.0.0.1:36599'],
  ])('names a connection from %s', (remoteAddress, localAddress, name) => {
    expect(connectionName({ remoteAddress, remotePort: 57_344, localAddress, localPort: 36_599 })).toBe(name);
  });

  it('gives nobody a connection of a process without a user, wherever the output is cut', () => {
    const known = parseLsof(recorded).map((socket) => JSON.stringify(socket));
    for (let size = 0; size < recorded.length; size++) {
      for (const socket of parseLsof(recorded.slice(0, size))) {
        const cutName = known.some((line) => line.startsWith(JSON.stringify(socket).slice(0, -2)));
        expect(known.includes(JSON.stringify(socket)) || cutName).toBe(true);
      }
    }
    expect(parseLsof('p1\nn127.0.0.1:1->127.0.0.1:2\np\ncx\nu5\nn127.0.0.1:1->127.0.0.1:2\n')).toEqual([]);
    expect(parseLsof('p1\nu5\np2\nn127.0.0.1:1->127.0.0.1:2\n')).toEqual([]);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('p', 'c', 'u', 'n', '1', '\n', '-', '>', ':') }),
        (output) => {
          parseLsof(output);
        },
      ),
      fuzzed(2_000),
    );
  });
});
