import { networkInterfaces } from 'node:os';
import { addressBytes } from './connection-ends.ts';

/** Whether connections from that address come from this machine. True on any doubt. */
export function isOwnAddress(address: Buffer): boolean {
  const isLoopback = address.length === 4 ? address[0] === 127 : address.equals(addressBytes('::1'));
  if (isLoopback) return true;
  try {
    const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    return own.some((one) => addressBytes(one.address).equals(address));
  } catch {
    // Out of descriptors.
    return true;
  }
}
