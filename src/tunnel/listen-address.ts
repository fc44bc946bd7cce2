/** What one local port is bound to. */
export type ListenSpec =
  | {
      readonly kind: 'tcp';
      /** 0: a free one, the same for all addresses. */
      readonly port: number;
      /** IP addresses; `localhost` is 127.0.0.1 and, where this machine has it, ::1. Default: localhost. */
      readonly addresses?: readonly string[];
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

/** Which addresses are to be bound, each once, in order. */
export function wantedAddresses(addresses: readonly string[] = ['localhost']): WantedAddress[] {
  const wanted = new Map<string, boolean>();
  const add = (address: string, optional: boolean) =>
    wanted.set(address, optional && (wanted.get(address) ?? true));
  for (const address of addresses) {
    if (address === 'localhost') {
      add('127.0.0.1', false);
      add('::1', true);
    } else add(address.replace(/^\[(.*)\]$/, '$1'), false);
  }
  return [...wanted].map(([address, optional]) => ({ address, optional }));
}
