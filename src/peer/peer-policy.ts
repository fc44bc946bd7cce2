import type { Socket } from 'node:net';
import type { ErrorData } from '../contract/error-codes.ts';
import type { PeerProcess } from '../contract/peer.ts';
import type { PeerFinder, PeerOwner } from './peer-owner.ts';

export interface PeerPolicy {
  /**
   * Whose programs may connect: the user that runs this. root is nobody special: it could do anything here anyway, but its programs (scanners,
   * monitoring, a stray sudo) are not the user's, and the record would say that they are. `any`: everybody on this machine.
   */
  readonly uids: readonly number[] | 'any';
  /**
   * Executables that may connect: absolute paths without symbolic links, as /proc/PID/exe has them. Of a script it is the interpreter that
   * has to be named, and with it come all of its scripts; /usr/bin/psql of Debian is a script that becomes /usr/lib/postgresql/N/bin/psql.
   * It keeps the wrong program out, not a hostile one of the same user, who may change what a program does.
   */
  readonly programs?: readonly string[] | undefined;
}

export type PeerVerdict =
  | {
      readonly kind: 'admitted';
      /** Where it is known who that is. */
      readonly peer?: { readonly uid: number; readonly process: () => Promise<PeerProcess | undefined> };
    }
  | { readonly kind: 'denied'; readonly error: ErrorData };

/** Judges accepted connections by who is at their other end. Through a unix socket comes only who may open its file. */
export function createPeerCheck({
  finder,
  listen,
  ...policy
}: PeerPolicy & { readonly finder: PeerFinder; readonly listen: 'tcp' | 'unix' }) {
  return async (socket: Socket): Promise<PeerVerdict> =>
    judgePeer(listen === 'unix' ? { kind: 'absent' } : await finder.ownerOf(socket), policy);
}

/** Whether a connection may use a tunnel. Waits for its program only where the policy names programs. */
export async function judgePeer(owner: PeerOwner, { uids, programs }: PeerPolicy): Promise<PeerVerdict> {
  switch (owner.kind) {
    case 'found': {
      const { uid, process } = owner;
      if (uids !== 'any' && !uids.includes(uid)) return denied({ uid });
      const admitted: PeerVerdict = { kind: 'admitted', peer: { uid, process } };
      if (!programs) return admitted;
      const { pid, program } = (await process()) ?? {};
      if (program !== undefined && programs.includes(program)) return admitted;
      return denied({ uid, pid, program: program ?? 'an unknown program' });
    }
    case 'gone':
      if (uids === 'any' && !programs) return { kind: 'admitted' };
      return { kind: 'denied', error: { code: 'SP-PEER-UNKNOWN', details: { reason: 'gone' } } };
    case 'unmatched':
      return uids === 'any' && !programs ? { kind: 'admitted' } : denied({});
    // A user of another machine is none of this one's; who named an address that others reach has let them in.
    case 'elsewhere':
    case 'absent':
      return programs ? denied({ program: 'an unknown program' }) : { kind: 'admitted' };
  }
}

/** The user that runs this, where the system has such users. Through sudo the person at the keyboard too, for ports below 1024. */
export function ownUids({ SUDO_UID }: { readonly SUDO_UID?: string | undefined }): readonly number[] | 'any' {
  const uid = process.geteuid?.();
  if (uid === undefined) return 'any';
  return uid === 0 && SUDO_UID !== undefined && /^\d+$/.test(SUDO_UID) ? [uid, Number(SUDO_UID)] : [uid];
}

function denied(details: ErrorData['details']): PeerVerdict {
  return { kind: 'denied', error: { code: 'SP-PEER-DENIED', details } };
}
