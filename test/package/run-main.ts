/**
 * Runs the packed app's main script under plain Node with a double of Electron, as far as that goes: what the app asks of Electron is
 * printed, one JSON value a line, and what a person would do is read from standard input, one a line.
 *   node run-main.ts APP_FOLDER RESOURCES_FOLDER [LINK]
 */
import { EventEmitter } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface SeenItem {
  readonly label?: string;
  readonly submenu?: readonly SeenItem[];
}

/** What it prints. */
export type Seen =
  | { readonly what: 'menu'; readonly items: readonly SeenItem[] }
  | { readonly what: 'icon'; readonly name: string; readonly exists: boolean }
  | { readonly what: 'page'; readonly address: string; readonly preferences: Record<string, unknown> }
  | { readonly what: 'answer'; readonly answer: unknown }
  | { readonly what: 'file'; readonly status: number; readonly policy: string | null; readonly text: string }
  | { readonly what: 'clipboard'; readonly text: string }
  | { readonly what: 'dialog'; readonly message: string; readonly buttons: readonly string[] }
  | { readonly what: 'said'; readonly name: string; readonly value?: unknown };

/** What it is told. `dialogs` are answered in turn by the label of a button. */
export type Told =
  | { readonly do: 'click'; readonly label: string }
  | { readonly do: 'invoke'; readonly request: unknown; readonly from?: string }
  | { readonly do: 'fetch'; readonly address: string }
  /** The app is started a second time, with these arguments. */
  | { readonly do: 'second-start'; readonly args: readonly string[] }
  | { readonly do: 'answer-dialogs'; readonly labels: readonly string[] }
  | { readonly do: 'quit' };

interface Item {
  readonly label?: string;
  readonly submenu?: Item[];
  click?(): void;
}

const [appFolder = '', resources = ''] = process.argv.slice(2);
const see = (seen: Seen) => process.stdout.write(`${JSON.stringify(seen)}\n`);
const { version } = JSON.parse(readFileSync(join(appFolder, 'package.json'), 'utf8'));

let menu: Item[] = [];
let handler: ((event: unknown, request: unknown) => unknown) | undefined;
let serve: ((request: Request) => Promise<Response>) | undefined;
/** Dialogs that wait for an answer, and answers that wait for a dialog. */
const asked: ((label: string) => void)[] = [];
const answers: string[] = [];

function settleDialogs(): void {
  while (asked.length > 0 && answers.length > 0) asked.shift()?.(answers.shift() ?? '');
}

class Emitting extends EventEmitter {
  quit(): void {
    let isPrevented = false;
    this.emit('before-quit', { preventDefault: () => (isPrevented = true) });
    if (isPrevented) return;
    this.emit('will-quit');
    process.exit(0);
  }
}
const app = Object.assign(new Emitting(), {
  isPackaged: true,
  requestSingleInstanceLock: () => true,
  enableSandbox: () => see({ what: 'said', name: 'sandbox' }),
  setAsDefaultProtocolClient: (scheme: string) => see({ what: 'said', name: 'scheme', value: scheme }),
  whenReady: () => Promise.resolve(),
  getVersion: () => version,
  getAppPath: () => appFolder,
  getPath: () => join(process.env.HOME ?? '', 'app-data'),
  exit: (code: number) => process.exit(code),
});

class BrowserWindow extends EventEmitter {
  readonly #preferences: Record<string, unknown>;
  readonly webContents: EventEmitter;
  constructor({ webPreferences }: { webPreferences: Record<string, unknown> }) {
    super();
    this.#preferences = webPreferences;
    const contents = Object.assign(new EventEmitter(), { setWindowOpenHandler: () => {} });
    this.webContents = contents;
    app.emit('web-contents-created', {}, contents);
    see({ what: 'said', name: 'guards', value: contents.eventNames().sort() });
  }
  removeMenu(): void {}
  isFocused(): boolean {
    return false;
  }
  show(): void {}
  async loadURL(address: string): Promise<void> {
    see({ what: 'page', address, preferences: this.#preferences });
  }
}

const electron = {
  app,
  powerMonitor: new EventEmitter(),
  nativeTheme: {
    set themeSource(value: string) {
      see({ what: 'said', name: 'theme', value });
    },
  },
  BrowserWindow,
  protocol: {
    registerSchemesAsPrivileged: (schemes: unknown) =>
      see({ what: 'said', name: 'privileged', value: schemes }),
  },
  session: {
    defaultSession: {
      protocol: {
        handle: (_scheme: string, given: typeof serve) => {
          serve = given;
        },
      },
      setPermissionRequestHandler: () => see({ what: 'said', name: 'permission-requests' }),
      setPermissionCheckHandler: () => see({ what: 'said', name: 'permission-checks' }),
      setDevicePermissionHandler: () => see({ what: 'said', name: 'devices' }),
    },
  },
  ipcMain: {
    handle: (_channel: string, given: typeof handler) => {
      handler = given;
    },
  },
  Menu: { buildFromTemplate: (items: Item[]) => items },
  nativeImage: {
    createFromPath: (path: string) =>
      see({ what: 'icon', name: path.split('/').at(-1) ?? '', exists: existsSync(path) }),
  },
  Tray: class extends EventEmitter {
    setImage(): void {}
    setToolTip(): void {}
    destroy(): void {}
    setContextMenu(items: Item[]): void {
      menu = items;
      see({ what: 'menu', items });
    }
  },
  Notification: class extends EventEmitter {
    show(): void {}
  },
  clipboard: { writeText: (text: string) => see({ what: 'clipboard', text }) },
  dialog: {
    showErrorBox: (message: string, detail: string) =>
      see({ what: 'dialog', message: `${message}: ${detail}`, buttons: [] }),
    showMessageBox: async ({ message, buttons }: { message: string; buttons: string[] }) => {
      see({ what: 'dialog', message, buttons });
      const label = await new Promise<string>((resolve) => {
        asked.push(resolve);
        settleDialogs();
      });
      return { response: buttons.indexOf(label) };
    },
  },
  screen: {},
};

/** The page that the app has loaded itself, unless another is named. */
function invoke({ request, from = 'app://sallyport/index.html' }: Extract<Told, { do: 'invoke' }>): unknown {
  const frame = { url: from };
  const sender = Object.assign(new EventEmitter(), { mainFrame: frame });
  return handler?.({ sender, senderFrame: frame }, request);
}

function itemOf(items: readonly Item[], label: string): Item | undefined {
  for (const item of items) {
    if (item.label?.startsWith(label)) return item;
    const inside = itemOf(item.submenu ?? [], label);
    if (inside) return inside;
  }
  return undefined;
}

async function act(told: Told): Promise<void> {
  switch (told.do) {
    case 'click':
      return itemOf(menu, told.label)?.click?.();
    case 'invoke':
      return void see({ what: 'answer', answer: await invoke(told) });
    case 'fetch': {
      const response = await serve?.(new Request(told.address));
      if (!response) return;
      const policy = response.headers.get('content-security-policy');
      return void see({ what: 'file', status: response.status, policy, text: await response.text() });
    }
    case 'second-start':
      return void app.emit('second-instance', {}, told.args);
    case 'answer-dialogs':
      answers.push(...told.labels);
      return settleDialogs();
    case 'quit':
      return app.quit();
  }
}

const loader = Module as unknown as { _load(name: string, ...rest: unknown[]): unknown };
const load = loader._load;
loader._load = (name, ...rest) => (name === 'electron' ? electron : load.call(loader, name, ...rest));
Object.defineProperty(process, 'resourcesPath', { value: resources });
createInterface({ input: process.stdin }).on('line', (line) => void act(JSON.parse(line) as Told));
createRequire(import.meta.url)(join(appFolder, 'main.cjs'));
