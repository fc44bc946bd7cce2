import { isIPv4, type Socket } from 'node:net';

export interface ConnectionEnd {
  /** 4 or 16 bytes, in network order. */
  readonly address: Buffer;
  readonly port: number;
}

/** The 4-tuple of an accepted TCP connection; both addresses are of one family. */
export interface ConnectionEnds {
  readonly client: ConnectionEnd;
  readonly server: ConnectionEnd;
}

export type NamedEnds = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>;

export type AcceptedSocket = NamedEnds & Pick<Socket, 'destroyed' | 'readableEnded'>;

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');

/** undefined: the connection has ended already, or is none of TCP. An IPv4-mapped address is the IPv4 address. */
export function connectionEnds(socket: NamedEnds): ConnectionEnds | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || localAddress === undefined) return undefined;
  if (remotePort === undefined || localPort === undefined) return undefined;
  return {
    client: { address: addressBytes(remoteAddress), port: remotePort },
    server: { address: addressBytes(localAddress), port: localPort },
  };
}

/** The bytes of an address as Node writes it: 4, or 16 of an IPv6 address that maps none of IPv4. A zone (`%eth0`) is left out. */
export function addressBytes(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  const [bare = ''] = text.split('%');
  // A dotted end stands for the last two groups.
  const hex = bare.replace(/[\d.]+$/, (end) => (isIPv4(end) ? dottedAsGroups(end) : end));
  const [head = '', tail] = hex.split('::');
  const front = groups(head);
  const back = groups(tail ?? '');
  const zeros = Array<number>(tail === undefined ? 0 : 8 - front.length - back.length).fill(0);
  const bytes = Buffer.from([...front, ...zeros, ...back].flatMap((group) => [group >> 8, group & 0xff]));
  return bytes.subarray(0, 12).equals(mappedPrefix) ? bytes.subarray(12) : bytes;
}

/** As an IPv6 socket has it, also where the address is one of IPv4. */
export function asIpv6({ address, port }: ConnectionEnd): ConnectionEnd {
  return address.length === 16
    ? { address, port }
    : { address: Buffer.concat([mappedPrefix, address]), port };
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

function dottedAsGroups(dotted: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}
