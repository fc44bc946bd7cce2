import type { Clock } from '../base/clock.ts';
import { LinuxPeerFinder } from './linux-peer-finder.ts';
import { LsofPeerFinder } from './lsof-peer-finder.ts';
import type { PeerFinder } from './peer-owner.ts';

interface PeerFinderOptions {
  readonly clock: Clock;
  /** Default: that of this process. */
  readonly platform?: NodeJS.Platform;
}

/** The one for this operating system: socket diagnostics on Linux, lsof on macOS; elsewhere every answer is `absent`. */
export function createPeerFinder({ clock, platform = process.platform }: PeerFinderOptions): PeerFinder {
  switch (platform) {
    case 'linux':
      return new LinuxPeerFinder({ clock });
    case 'darwin':
      return new LsofPeerFinder();
    default:
      return {
        prepare: async () => {},
        ownerOf: async () => ({ kind: 'absent' }),
        [Symbol.dispose]() {},
      };
  }
}
