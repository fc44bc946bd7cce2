import type { PeerProcess } from '../contract/peer.ts';
import type { AcceptedSocket } from './connection-ends.ts';

/** Whose the other end of an accepted connection is. */
export type PeerOwner =
  /** `process` looks for it when first asked, and never rejects; undefined where it is gone or cannot be seen. */
  | { readonly kind: 'found'; readonly uid: number; readonly process: () => Promise<PeerProcess | undefined> }
  /** It has closed: no process of this machine has it any more. Where that cannot be told, it is unmatched. */
  | { readonly kind: 'gone' }
  /** It cannot be said whose it is. */
  | { readonly kind: 'unmatched' }
  /** Another machine. Only a listener beyond loopback meets one. */
  | { readonly kind: 'elsewhere' }
  /** This operating system is not asked. Never the outcome of something that failed, which others could bring about. */
  | { readonly kind: 'absent' };

/** Finds which local process owns the other end of an accepted TCP connection. */
export interface PeerFinder extends Disposable {
  /** Loads what the first answer needs, which it else does by itself. */
  prepare(): Promise<void>;
  /** Never rejects: what cannot be found out is unmatched. */
  ownerOf(socket: AcceptedSocket): Promise<PeerOwner>;
}
