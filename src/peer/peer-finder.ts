import { LinuxPeerFinder } from './linux-peer-finder.ts';
import { LsofPeerFinder } from './lsof-peer-finder.ts';
import type { PeerFinder } from './peer-owner.ts';

/** The one for this operating system: socket diagnostics on Linux, lsof on macOS; elsewhere every answer is `absent`. */
export function createPeerFinder(platform: NodeJS.Platform = process.platform): PeerFinder {
  switch (platform) {
    case 'linux':
      return new LinuxPeerFinder();
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
