import { BridgeControl } from '../src/client/bridge-control.ts';
import type { Control } from '../src/client/control.ts';
import { PageControl } from '../src/client/page-control.ts';
import type { Shell } from '../src/contract/connection-string.ts';
import type { DesktopBridge } from '../src/contract/desktop-bridge.ts';
import { browserClock } from './browser-clock.ts';

/** What the window needs of the program around it: the daemon, and what only a desktop can do. */
export interface Api extends Control {
  /** Opens psql, or what the kind of the tunnel has, in a terminal. Absent in a browser: there its command is copied. */
  readonly openClient?: (tunnel: string) => Promise<void>;
  /** Shows the app's whole window. Absent in a browser, which shows nothing else. */
  readonly showWindow?: (tunnel?: string) => Promise<void>;
  /** Whose quoting copied commands follow. Absent in a browser: then that of sh. */
  readonly shell?: Shell;
  /** Starts a daemon where none runs. Absent in a browser, whose page came from the daemon. */
  readonly startDaemon?: () => Promise<void>;
}

declare const __SALLYPORT_VERSION__: string;

declare global {
  /** What the desktop app's preload left here. */
  var sallyport: DesktopBridge | undefined;
}

/** The desktop app's bridge, or the page's own client, over the cookie that `sallyport ui` gave the browser. */
export function createApi(): Api {
  if (globalThis.sallyport) return new BridgeControl(globalThis.sallyport);
  const { origin } = globalThis.location;
  return new PageControl({ origin, version: __SALLYPORT_VERSION__, clock: browserClock });
}
