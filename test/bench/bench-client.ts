import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Address, firstByteMs } from './load.ts';

type Order =
  | { readonly kind: 'open'; readonly port: number; readonly count: number }
  | { readonly kind: 'first-byte'; readonly address: Address };

/** A process that connects, as whoever is asked about is another one. */
export class BenchClient implements AsyncDisposable {
  readonly #child = fork(fileURLToPath(import.meta.url), ['bench-client']);

  /** Opens so many connections one after the other, and keeps them. */
  async open(port: number, count: number): Promise<void> {
    await this.#ask({ kind: 'open', port, count });
  }

  /** From connect() to the first byte of a new connection, ms. */
  async firstByteMs(address: Address): Promise<number> {
    return Number(await this.#ask({ kind: 'first-byte', address }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await once(this.#child, 'exit');
  }

  async #ask(order: Order): Promise<unknown> {
    this.#child.send(order);
    const [answer] = await once(this.#child, 'message');
    return answer;
  }
}

async function carryOut(order: Order): Promise<number> {
  if (order.kind === 'first-byte') return firstByteMs(order.address);
  for (let count = 0; count < order.count; count++) await once(connect(order.port, '127.0.0.1'), 'connect');
  return order.count;
}

if (process.argv[2] === 'bench-client')
  process.on('message', (order: Order) => void carryOut(order).then((answer) => process.send?.(answer)));
