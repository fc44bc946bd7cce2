import type { Page, WebSocketRoute } from 'playwright-core';
import type { ControlEvent } from '../../src/contract/control-event.ts';
import { eventsPath, protocolVersion } from '../../src/contract/control-protocol.ts';
import type { TunnelEntity } from '../../src/contract/control-tunnel.ts';

/** Events that a test tells a page, in the place of those of its daemon. */
export class ScriptedEvents {
  readonly #tunnels: readonly TunnelEntity[];
  #socket: WebSocketRoute | undefined;
  #sequence = 0;

  constructor(tunnels: readonly TunnelEntity[]) {
    this.#tunnels = tunnels;
  }

  async install(page: Page): Promise<void> {
    await page.routeWebSocket(new RegExp(`${eventsPath}$`), (socket) => {
      this.#socket = socket;
      this.#sequence = 0;
      this.#send({ event: 'hello', protocol: protocolVersion, version: '2.0.0', pid: 1, startedAtMs: 1 });
      const profiles = { sequence: 0, sources: [], profiles: [], refused: [], groups: [], problems: [] };
      this.#send({ event: 'snapshot', sequence: 0, tunnels: [...this.#tunnels], questions: [], profiles });
    });
  }

  tell(tunnel: TunnelEntity): void {
    this.#send({ event: 'tunnel', sequence: ++this.#sequence, tunnel });
  }

  /** Ends the connection, as a daemon that goes away does. The page makes another one. */
  async drop(): Promise<void> {
    await this.#socket?.close();
  }

  #send(event: ControlEvent): void {
    this.#socket?.send(JSON.stringify(event));
  }
}
