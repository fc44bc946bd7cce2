/** What the desktop app's preload gives the page: plain data both ways, over one channel. Nothing of Electron or Node passes it. */
import type { Shell } from './connection-string.ts';
import type { OperationInput, OperationName } from './control.ts';
import type { ControlEvent } from './control-event.ts';
import type { ErrorData } from './error-codes.ts';

export const bridgeChannel = 'sallyport';

/** Errors as data: what is thrown across the bridge keeps its message alone. */
export type BridgeAnswer = { readonly answer: unknown } | { readonly error: ErrorData };

/** What happened since the last of it. Lost: the daemon is not there; `final` where it is not looked for again. */
export type BridgeNews =
  | { readonly kind: 'events'; readonly events: readonly ControlEvent[] }
  | { readonly kind: 'lost'; readonly error: ErrorData; readonly final: boolean };

export interface DesktopBridge {
  /** Whose quoting the commands that are copied follow. */
  readonly shell: Shell;
  /** As Node names it. */
  readonly platform: string;
  call<N extends OperationName>(
    operation: N,
    input: OperationInput<N>,
    options?: { readonly timeoutMs?: number | undefined },
  ): Promise<BridgeAnswer>;
  /** Begins with hello and a snapshot. Returns what ends it. */
  subscribe(listener: (news: BridgeNews) => void): () => void;
  /** Opens psql in a terminal, or the browser, as the tunnel's kind is. */
  openClient(tunnel: string): Promise<BridgeAnswer>;
  /** The whole window, at a tunnel where one is named. */
  showWindow(tunnel?: string): Promise<BridgeAnswer>;
  startDaemon(): Promise<BridgeAnswer>;
}
