import { describe, expect, it } from 'vitest';
import type { PeerProcess } from '../contract/peer.ts';
import type { PeerOwner } from './peer-owner.ts';
import { judgePeer, ownUids, type PeerPolicy } from './peer-policy.ts';

const psql: PeerProcess = { pid: 7, program: '/usr/lib/postgresql/15/bin/psql', command: 'psql' };
const found = (uid: number, process?: PeerProcess): PeerOwner => ({
  kind: 'found',
  uid,
  process: async () => process,
});
const others: Record<string, PeerOwner> = {
  gone: { kind: 'gone' },
  unmatched: { kind: 'unmatched' },
  elsewhere: { kind: 'elsewhere' },
  absent: { kind: 'absent' },
};
const own = [1000];
const programs = [psql.program!];

const cases: [string, PeerOwner, PeerPolicy, 'admitted' | object][] = [
  ['the user', found(1000), { uids: own }, 'admitted'],
  ['another user', found(1001), { uids: own }, { uid: 1001 }],
  ['root', found(0), { uids: own }, { uid: 0 }],
  ['root, to root', found(0), { uids: [0] }, 'admitted'],
  ['the user, to root', found(1000), { uids: [0] }, { uid: 1000 }],
  ['another user where any may', found(1001), { uids: 'any' }, 'admitted'],
  ['one that is gone', others.gone!, { uids: own }, { reason: 'gone' }],
  ['one that is gone where any may', others.gone!, { uids: 'any' }, 'admitted'],
  ['nobody', others.unmatched!, { uids: own }, {}],
  ['nobody where any may', others.unmatched!, { uids: 'any' }, 'admitted'],
  ['another machine', others.elsewhere!, { uids: own }, 'admitted'],
  ['somebody on a system that does not tell', others.absent!, { uids: own }, 'admitted'],
  ['a program of the list', found(1000, psql), { uids: own, programs }, 'admitted'],
  [
    'a program of the list that was replaced under it',
    found(1000, { ...psql, program: `${psql.program} (deleted)` }),
    { uids: own, programs },
    { uid: 1000, pid: 7, program: `${psql.program} (deleted)` },
  ],
  [
    'another program',
    found(1000, { pid: 8, program: '/usr/bin/perl', command: 'psql' }),
    { uids: own, programs },
    { uid: 1000, pid: 8, program: '/usr/bin/perl' },
  ],
  ['a program of the list, of another user', found(1001, psql), { uids: own, programs }, { uid: 1001 }],
  ['an unseen program', found(1000), { uids: own, programs }, { uid: 1000, program: 'an unknown program' }],
  ...Object.entries(others).map(([kind, owner]): [string, PeerOwner, PeerPolicy, object] => [
    `${kind}, where programs are listed`,
    owner,
    { uids: 'any', programs },
    kind === 'unmatched' ? {} : kind === 'gone' ? { reason: 'gone' } : { program: 'an unknown program' },
  ]),
];

describe('policy', () => {
  it.each(cases)('%s', async (_name, owner, policy, expected) => {
    const verdict = await judgePeer(owner, policy);
    if (expected === 'admitted') expect(verdict.kind).toBe('admitted');
    else {
      const code = 'reason' in (expected as object) ? 'SP-PEER-UNKNOWN' : 'SP-PEER-DENIED';
      expect(verdict).toEqual({ kind: 'denied', error: { code, details: expected } });
    }
  });

  it('asks for no process where no programs are listed', async () => {
    const process = () => Promise.reject(new Error('asked'));
    expect(await judgePeer({ kind: 'found', uid: 1000, process }, { uids: own })).toMatchObject({
      kind: 'admitted',
      peer: { uid: 1000 },
    });
  });

  it.runIf(process.geteuid)('the user is who runs this, and who called sudo', () => {
    const uid = process.geteuid!();
    expect(ownUids({})).toEqual([uid]);
    expect(ownUids({ SUDO_UID: '1234' })).toEqual(uid === 0 ? [0, 1234] : [uid]);
    expect(ownUids({ SUDO_UID: '1234; 5' })).toEqual([uid]);
  });
});
