import { homedir } from 'node:os';
import { join } from 'node:path';
import { app, clipboard, dialog, ipcMain, Notification, nativeTheme, powerMonitor } from 'electron';
import { AppError } from '../src/base/app-error.ts';
import { systemClock } from '../src/base/clock.ts';
import { daemonPlaces } from '../src/base/daemon-places.ts';
import { SocketControl } from '../src/client/socket-control.ts';
import { spawnDaemon } from '../src/client/spawn-daemon.ts';
import { stopDaemon } from '../src/client/stop-daemon.ts';
import { errorText } from '../src/contract/error-codes.ts';
import { shellOf } from '../src/contract/shell-of.ts';
import { pageHandler } from './app-protocol.ts';
import { AppSettings } from './app-settings.ts';
import { Bridge } from './bridge.ts';
import { daemonProgram, mustCopy } from './daemon-program.ts';
import { type DeepLink, linkAmong, parseDeepLink } from './deep-link.ts';
import { DesktopDaemon } from './desktop-daemon.ts';
import { loginEnvironment } from './login-environment.ts';
import { applyFile, isLoginStart, loginItem } from './login-item.ts';
import type { ShownNote } from './notes.ts';
import { Notifier } from './notifier.ts';
import type { DaemonNow } from './page-feeds.ts';
import { pageLimitQuestion } from './page-limit-question.ts';
import { passWake } from './power.ts';
import { quitQuestion, restartWarning } from './quit-question.ts';
import { SallyportProgram } from './sallyport-program.ts';
import { AppTray } from './tray.ts';
import { performTrayAction, type TrayWorld } from './tray-actions.ts';
import type { TrayAction } from './tray-item.ts';
import { Updates } from './updates.ts';
import { readUpdatesFrom } from './updates-from.ts';
import { Windows } from './windows.ts';

const { platform, env } = process;
const clock = systemClock;
/** Those that a click still leads from: the last. */
const maxNotifications = 20;

/** Everything of the app, wired. After it is ready. */
export async function startDesktopApp(early: readonly DeepLink[]): Promise<DesktopApp> {
  const places = daemonPlaces({ env, platform });
  // Waited for by what takes it: a login shell may need seconds, in which there would be neither icon nor window.
  const daemonEnv = loginEnvironment({
    env,
    platform,
    clock,
    shellEnv: async () => (await import('shell-env')).shellEnv(),
  });
  const [updatesFrom, program] = await Promise.all([
    readUpdatesFrom(join(app.getPath('userData'), 'settings.json')),
    daemonProgram({
      source: packedProgram(),
      folder: join(places.folders.data, 'bin'),
      version: app.getVersion(),
      isCopied: mustCopy(platform, env),
    }),
  ]);
  const control = new SocketControl({ socketPath: places.socket, version: app.getVersion(), clock });
  const daemon = new DesktopDaemon({
    clock,
    control,
    start: async () => spawnDaemon({ command: [program, 'daemon'], places, env: await daemonEnv, clock }),
    stop: () => stopDaemon(control, clock),
  });
  const sallyport = new SallyportProgram({
    program,
    env: daemonEnv,
    home: homedir(),
    folder: app.getPath('userData'),
    platform,
  });
  const desktop = new DesktopApp({ control, daemon, sallyport, updatesFrom });
  for (const link of early) void desktop.follow(link);
  await daemon.start();
  return desktop;
}

/** Beside the app's archive, not in it: a system cannot run what is inside. */
function packedProgram(): string {
  const name = platform === 'win32' ? 'sallyport.exe' : 'sallyport';
  return app.isPackaged
    ? join(process.resourcesPath, 'bin', name)
    : join(app.getAppPath(), '..', 'executable', name);
}

interface DesktopParts {
  readonly control: SocketControl;
  readonly daemon: DesktopDaemon;
  readonly sallyport: SallyportProgram;
  readonly updatesFrom: string | undefined;
}

export class DesktopApp {
  readonly #parts: DesktopParts;
  readonly #settings: AppSettings;
  readonly #windows: Windows;
  readonly #tray: AppTray;
  readonly #bridge: Bridge;
  readonly #notifier: Notifier;
  readonly #updates: Updates;
  readonly #world: TrayWorld;
  readonly #notifications: Notification[] = [];
  #update: string | undefined;
  #mayQuit = false;
  #isAsking = false;

  constructor(parts: DesktopParts) {
    this.#parts = parts;
    const { control, daemon, sallyport, updatesFrom } = parts;
    const root = app.getAppPath();
    this.#windows = new Windows({
      clock,
      preload: join(root, 'preload.cjs'),
      handler: pageHandler(join(root, 'renderer')),
    });
    const settings = new AppSettings({
      control,
      openAtLogin,
      onChange: ({ theme }) => {
        // What the system draws around the page.
        nativeTheme.themeSource = theme ?? 'system';
        this.#tray.changed();
      },
    });
    this.#settings = settings;
    this.#world = {
      control,
      settings,
      writeClipboard: (text) => clipboard.writeText(text),
      shell: shellOf(process),
      openClient: (tunnel) =>
        daemon.view?.tunnels.get(tunnel)?.kind === 'postgres'
          ? sallyport.openPsql(tunnel)
          : sallyport.open(tunnel),
      showWindow: (tunnel) => this.#windows.showMain(tunnel),
      startDaemon: () => daemon.start(),
      restartDaemon: () => this.#restartDaemon(),
      installUpdate: () => {
        this.#mayQuit = true;
        this.#updates.install();
      },
      quit: async () => app.quit(),
    };
    const mayPass = (limit: AppError) => this.#askPageLimit(limit);
    this.#bridge = new Bridge({ ipc: ipcMain, now: () => daemon.now, ...this.#world, mayPass, settings });
    this.#tray = new AppTray({
      clock,
      platform,
      folder: join(root, 'icons'),
      snapshot: () => ({
        now: daemon.now,
        settings: settings.window,
        version: app.getVersion(),
        update: this.#update,
      }),
      perform: (action) => void this.#perform(action),
      onClick: (icon) => this.#windows.toggleCompact(icon),
    });
    this.#notifier = new Notifier({
      clock,
      isWatched: () => this.#windows.isWatched,
      isWanted: async () => (await settings.current()).notifications !== 'off',
      show: (note) => this.#notify(note),
    });
    this.#updates = new Updates({
      from: updatesFrom,
      isPackaged: app.isPackaged,
      clock,
      load: async () => (await import('electron-updater')).autoUpdater,
      onReady: (version) => {
        this.#update = version;
        this.#tray.changed();
      },
      // It is tried again in some hours; nobody asked for it just now.
      onFailure: () => {},
    });
    daemon.onChange((now) => this.#tell(now));
    this.#listen();
    const wasOpenedAtLogin = () => app.getLoginItemSettings().wasOpenedAtLogin;
    if (!isLoginStart({ platform, args: process.argv, wasOpenedAtLogin })) this.#windows.showMain();
  }

  /** Asks first: a link may come from any page or mail. */
  async follow({ name }: DeepLink): Promise<void> {
    const response = await this.#ask({
      message: `Connect ${name}?`,
      detail: 'A link asks for it. Follow it only if you trust where it comes from.',
      buttons: ['Connect', 'Cancel'],
      defaultId: 1,
      cancelId: 1,
    });
    if (response !== 0) return;
    // The link may be what started the app, or comes while the daemon rests.
    if (this.#parts.daemon.now.kind !== 'here') await this.#parts.daemon.start();
    await this.#perform({ kind: 'connect', tunnel: name });
  }

  #tell(now: DaemonNow): void {
    this.#tray.changed();
    this.#bridge.tell(now);
    this.#notifier.tell(now);
    this.#settings.tell(now);
  }

  #notify({ title, body, tunnel }: ShownNote): void {
    const notification = new Notification({ title, body, silent: true });
    notification.on('click', () => this.#windows.showMain(tunnel));
    // One that nobody holds is collected while it is shown, and a click on it does nothing.
    this.#notifications.push(notification);
    if (this.#notifications.length > maxNotifications) this.#notifications.shift();
    notification.show();
  }

  #listen(): void {
    const { control, daemon } = this.#parts;
    app.on('second-instance', (_event, argv) => {
      const link = linkAmong(argv);
      if (link) void this.follow(link);
      else this.#windows.showMain();
    });
    app.on('open-url', (event, address) => {
      event.preventDefault();
      const link = parseDeepLink(address);
      if (link) void this.follow(link);
    });
    app.on('activate', () => this.#windows.showMain());
    // The icon stays, and with it the app.
    app.on('window-all-closed', () => {});
    app.on('before-quit', (event) => {
      if (this.#mayQuit) return;
      event.preventDefault();
      void this.#askToQuit();
    });
    app.on('will-quit', () => {
      this.#notifier[Symbol.dispose]();
      this.#updates[Symbol.dispose]();
      this.#tray[Symbol.dispose]();
      void daemon[Symbol.asyncDispose]();
    });
    passWake(powerMonitor, control);
    // The machine goes down: nobody is there to answer, and the daemon brings back what is wanted.
    powerMonitor.on('shutdown', () => {
      this.#mayQuit = true;
    });
  }

  /** Says what goes wrong. Whether it went well. */
  async #perform(action: TrayAction): Promise<boolean> {
    try {
      await performTrayAction(action, this.#world);
      return true;
    } catch (thrown) {
      const { headline, why, next } = errorText(AppError.from(thrown).toData());
      await dialog.showMessageBox({
        type: 'warning',
        message: headline,
        detail: [why, next].filter(Boolean).join('\n'),
        buttons: ['Close'],
      });
      return false;
    }
  }

  async #restartDaemon(): Promise<void> {
    const { daemon } = this.#parts;
    const detail = restartWarning(daemon.now);
    const question = {
      message: 'Restart the daemon?',
      buttons: ['Restart', 'Cancel'],
      defaultId: 1,
      cancelId: 1,
    };
    if (detail !== undefined && (await this.#ask({ ...question, detail })) !== 0) return;
    await daemon.restart();
  }

  async #askPageLimit(limit: AppError): Promise<boolean> {
    const question = pageLimitQuestion(limit.toData());
    if (!question) return false;
    return (await this.#ask({ ...question, buttons: ['Yes', 'Cancel'], defaultId: 1, cancelId: 1 })) === 0;
  }

  async #askToQuit(): Promise<void> {
    const question = quitQuestion(this.#parts.daemon.view);
    if (question) {
      const { message, detail, buttons } = question;
      const response = await this.#ask({
        message,
        detail,
        buttons: buttons.map(({ label }) => label),
        defaultId: 0,
        cancelId: buttons.findIndex(({ plan }) => plan === 'stay'),
      });
      const plan = buttons[response]?.plan ?? 'stay';
      if (plan === 'stay') return;
      if (plan === 'end' && !(await this.#perform({ kind: 'disconnect-all' }))) return;
    }
    this.#mayQuit = true;
    app.quit();
  }

  /** The button's place; -1 where another question is open: one at a time. */
  async #ask(options: Electron.MessageBoxOptions): Promise<number> {
    if (this.#isAsking) return -1;
    this.#isAsking = true;
    try {
      return (await dialog.showMessageBox({ ...options, type: 'question', noLink: true })).response;
    } finally {
      this.#isAsking = false;
    }
  }
}

async function openAtLogin(on: boolean): Promise<void> {
  const item = loginItem({ on, platform, program: process.execPath, home: homedir(), env });
  if (item.kind === 'file') await applyFile(item);
  else app.setLoginItemSettings(item.settings);
}
