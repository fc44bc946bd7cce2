import type { LocalAddress, Profile } from '../contract/profile.ts';

/** Whether two tunnels cannot listen at one time. Without an address a tunnel listens on loopback, IPv4 and IPv6. */
export function sameLocal(a: LocalAddress, b: LocalAddress): boolean {
  const [one, other] = [parts(a), parts(b)];
  if ('socket' in one || 'socket' in other) {
    return 'socket' in one && 'socket' in other && one.socket === other.socket;
  }
  if (one.port !== other.port) return false;
  return one.addresses.some((address) =>
    other.addresses.some((taken) => address === taken || covers(address, taken) || covers(taken, address)),
  );
}

/** As people write it: 127.0.0.1:5432, [::1]:5432, 5432, a path. */
export function localText(local: LocalAddress): string {
  if (typeof local === 'number') return `port ${local}`;
  if ('socket' in local) return local.socket;
  if (local.address === undefined) return `port ${local.port}`;
  return local.address.includes(':') ? `[${local.address}]:${local.port}` : `${local.address}:${local.port}`;
}

export function isLoopback(address: string): boolean {
  return address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
}

/** Undefined of a unix socket, and where any free port is taken. */
export function localPortOf(local: LocalAddress | undefined): number | undefined {
  if (typeof local === 'number') return local;
  return local && 'port' in local ? local.port : undefined;
}

/** The profile's address with the port of an override. */
export function withLocalPort(local: Profile['local'], port: number): LocalAddress {
  return typeof local === 'object' && 'port' in local ? { ...local, port } : port;
}

type Parts = { readonly socket: string } | { readonly addresses: readonly string[]; readonly port: number };

function parts(local: LocalAddress): Parts {
  if (typeof local === 'number') return { addresses: loopback, port: local };
  if ('socket' in local) return local;
  return { addresses: local.address === undefined ? loopback : [local.address], port: local.port };
}

const loopback = ['127.0.0.1', '::1'];

function covers(wildcard: string, address: string): boolean {
  if (wildcard === '::') return true;
  return wildcard === '0.0.0.0' && !address.includes(':');
}
