import { isIP } from 'node:net';
import { AppError } from '../base/app-error.ts';

/** What one local port is bound to. */
export type ListenSpec =
  | {
      readonly kind: 'tcp';
      /** 0: a free one, the same for all addresses. */
      readonly port: number;
      /** IP addresses; `localhost` is 127.0.0.1 and, where this machine has it, ::1. Default: localhost. */
      readonly addresses?: readonly string[];
      /** Where any port will do: which ones are kept for others, who do not listen now. */
      readonly isKept?: (port: number) => boolean;
    }
  | { readonly kind: 'unix'; readonly path: string };

export type BoundAddress =
  | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export interface WantedAddress {
  readonly address: string;
  /** May be left out where this machine has no such address. */
  readonly optional: boolean;
}

/** Which addresses are to be bound, each once, in order. Throws SP-LOCAL-ADDRESS for what is no address. */
export function wantedAddresses(addresses: readonly string[] = ['localhost']): WantedAddress[] {
  const wanted = new Map<string, boolean>();
  const add = (address: string, optional: boolean) =>
    wanted.set(address, optional && (wanted.get(address) ?? true));
  for (const address of addresses) {
    if (address === 'localhost') {
      add('127.0.0.1', false);
      add('::1', true);
      continue;
    }
    const bare = address.replace(/^\[(.*)\]$/, '$1');
    // Nothing at all would mean every interface, and a name would be looked up, and could lead anywhere.
    if (!isIP(bare)) {
      throw new AppError('SP-LOCAL-ADDRESS', {
        address,
        message: 'it is neither an IP address nor localhost',
      });
    }
    add(bare, false);
  }
  return [...wanted].map(([address, optional]) => ({ address, optional }));
}

/** As people write it: 127.0.0.1:5432, [::1]:5432, a path. */
export function addressText(at: BoundAddress): string {
  if (at.kind === 'unix') return at.path;
  return at.address.includes(':') ? `[${at.address}]:${at.port}` : `${at.address}:${at.port}`;
}
