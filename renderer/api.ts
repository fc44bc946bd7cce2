import type { Control } from '../src/client/control.ts';
import { PageControl } from '../src/client/page-control.ts';
import { browserClock } from './browser-clock.ts';

/** What the window needs of the program around it: the daemon, and what only a desktop can do. */
export interface Api extends Control {
  /** Opens psql, or what the kind of the tunnel has, in a terminal. Absent in a browser: there its command is copied. */
  readonly openClient?: (tunnel: string) => Promise<void>;
  /** Starts a daemon where none runs. Absent in a browser, whose page came from the daemon. */
  readonly startDaemon?: () => Promise<void>;
}

declare const __SALLYPORT_VERSION__: string;

/** The page's own client, over the cookie that `sallyport ui` gave the browser. */
export function createBrowserApi(): Api {
  const { origin } = globalThis.location;
  return new PageControl({ origin, version: __SALLYPORT_VERSION__, clock: browserClock });
}
