/**
 * What a window may do: show the app's own page, and nothing else. Decisions alone, so that each can be tested; windows.ts asks them.
 */
import type { WebPreferences } from 'electron';

/** A standard scheme of the app's own: pages have an origin, and no file of the machine can be named. */
export const appScheme = 'app';
export const appOrigin = `${appScheme}://sallyport`;

/** Of the page that the app has loaded: navigation within it changes what follows `#` alone. */
export function isOwnPage(address: string): boolean {
  return URL.canParse(address) && new URL(address).href.split(/[#?]/, 1)[0] === `${appOrigin}/index.html`;
}

/** The page writes to the clipboard when its user asks it to. It is given nothing else. */
export function isPermitted(permission: string, requestingAddress: string): boolean {
  return permission === 'clipboard-sanitized-write' && isOrigin(requestingAddress);
}

function isOrigin(address: string): boolean {
  return URL.canParse(address) && `${new URL(address).protocol}//${new URL(address).host}` === appOrigin;
}

/** As the daemon sends it to browsers, without connections: the page asks through its preload. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Said in full, as a default that changes is not noticed. */
export const pagePreferences = {
  contextIsolation: true,
  sandbox: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  webviewTag: false,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  navigateOnDragDrop: false,
  safeDialogs: true,
  spellcheck: false,
} as const satisfies WebPreferences;
