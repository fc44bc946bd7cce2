import { BrowserWindow, dialog, type Rectangle, screen, session, type WebContents } from 'electron';
import type { Clock } from '../src/base/clock.ts';
import { compactBounds } from './compact-placement.ts';
import { appOrigin, appScheme, isOwnPage, isPermitted, pagePreferences } from './window-policy.ts';

export interface WindowsOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly preload: string;
  /** Serves the page. */
  readonly handler: (request: Request) => Promise<Response>;
}

/** A click takes the focus when the button goes down, and is told of when it goes up. */
const clickMs = 300;
/** A page that crashes again this soon would do so for ever. */
const crashAgainMs = 60_000;
const size = { width: 1180, height: 760, minWidth: 380, minHeight: 420 };

const unsavedQuestion = {
  type: 'question' as const,
  message: 'Leave what you have written?',
  detail: 'It is not saved.',
  buttons: ['Leave', 'Stay'],
  leaveId: 0,
  defaultId: 1,
  cancelId: 1,
  noLink: true,
};

/** The app's two windows on the one page: the whole, and the compact one under the icon. Each is made when it is first asked for. */
export class Windows {
  readonly #options: WindowsOptions;
  #main: BrowserWindow | undefined;
  #compact: BrowserWindow | undefined;
  /** When the compact one was last hidden because its user looked elsewhere. */
  #leftAtMs = Number.NEGATIVE_INFINITY;

  /** After the app is ready. */
  constructor(options: WindowsOptions) {
    this.#options = options;
    const { defaultSession } = session;
    defaultSession.protocol.handle(appScheme, options.handler);
    defaultSession.setPermissionRequestHandler((_contents, permission, answer, { requestingUrl }) =>
      answer(isPermitted(permission, requestingUrl)),
    );
    defaultSession.setPermissionCheckHandler((_contents, permission, origin) =>
      isPermitted(permission, origin),
    );
    defaultSession.setDevicePermissionHandler(() => false);
  }

  get isWatched(): boolean {
    return [this.#main, this.#compact].some((window) => window?.isFocused() ?? false);
  }

  showMain(tunnel?: string): void {
    this.#compact?.hide();
    if (!this.#main) {
      const window = this.#create({ ...size, title: 'Sallyport' });
      window.once('ready-to-show', () => window.show());
      window.on('closed', () => {
        this.#main = undefined;
      });
      this.#main = window;
      this.#load(window, { tunnel });
      return;
    }
    if (tunnel !== undefined) this.#load(this.#main, { tunnel });
    if (this.#main.isMinimized()) this.#main.restore();
    this.#main.show();
    this.#main.focus();
  }

  /** Shows it under the icon, or hides it where it is shown. */
  toggleCompact(icon: Rectangle): void {
    if (this.#compact?.isVisible()) return this.#compact.hide();
    const { clock } = this.#options;
    // This click has hidden it already.
    if (clock.nowMs() - this.#leftAtMs < clickMs) return;
    if (!this.#compact) {
      const window = this.#create({
        frame: false,
        resizable: false,
        skipTaskbar: true,
        fullscreenable: false,
      });
      window.on('blur', () => {
        this.#leftAtMs = clock.nowMs();
        window.hide();
      });
      window.on('closed', () => {
        this.#compact = undefined;
      });
      this.#compact = window;
      this.#load(window, { search: '?compact' });
    }
    this.#compact.setBounds(compactBounds(icon, screen.getDisplayMatching(icon).workArea));
    this.#compact.show();
  }

  #create(options: Electron.BrowserWindowConstructorOptions): BrowserWindow {
    const preferences = { ...pagePreferences, preload: this.#options.preload };
    const window = new BrowserWindow({ ...options, show: false, webPreferences: preferences });
    window.removeMenu();
    // Without this the window stays, and the app with it, and nothing says why.
    window.webContents.on('will-prevent-unload', (event) => {
      if (dialog.showMessageBoxSync(window, unsavedQuestion) === unsavedQuestion.leaveId)
        event.preventDefault();
    });
    this.#mend(window);
    return window;
  }

  /** A page whose process has crashed is loaded again once, where it was; then its window goes, and is made anew when it is asked for. */
  #mend(window: BrowserWindow): void {
    let crashedAtMs = Number.NEGATIVE_INFINITY;
    window.webContents.on('render-process-gone', (_event, { reason }) => {
      if (reason === 'clean-exit') return;
      const nowMs = this.#options.clock.nowMs();
      if (nowMs - crashedAtMs < crashAgainMs) return window.destroy();
      crashedAtMs = nowMs;
      window.reload();
    });
  }

  /** What follows `#` is the page's own route; the page itself stays loaded where it is. */
  #load(
    window: BrowserWindow,
    { tunnel, search = '' }: { readonly tunnel?: string | undefined; readonly search?: string },
  ): void {
    const route = tunnel === undefined ? '' : `#/tunnels/${encodeURIComponent(tunnel)}`;
    // A page that cannot be loaded shows its own emptiness; the tray goes on.
    window.loadURL(`${appOrigin}/index.html${search}${route}`).catch(() => {});
  }
}

/** For every page there will ever be, whoever makes it: nothing but the app's own is loaded, and nothing opens from it. */
export function guardContents(contents: WebContents): void {
  const stay = (event: { preventDefault(): void; readonly url: string }) => {
    if (!isOwnPage(event.url)) event.preventDefault();
  };
  contents.on('will-navigate', stay);
  contents.on('will-redirect', stay);
  contents.on('will-frame-navigate', stay);
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}
