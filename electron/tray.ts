import { join } from 'node:path';
import { Menu, nativeImage, type Rectangle, Tray } from 'electron';
import type { Clock, Timer } from '../src/base/clock.ts';
import { type OverallState, overallState, overallWords } from './overall-state.ts';
import { menuTemplate, type TrayAction } from './tray-item.ts';
import { type TraySnapshot, trayMenu } from './tray-menu.ts';

export interface AppTrayOptions {
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  /** Holds the icons. */
  readonly folder: string;
  readonly snapshot: () => TraySnapshot;
  readonly perform: (action: TrayAction) => void;
  /** A left click, where the desktop tells it from a right one. */
  readonly onClick: (icon: Rectangle) => void;
}

/** Counters change fifty times a second; a menu that is made anew that often cannot be used. */
const redrawMs = 250;

/** macOS takes black images with its own colours by their name. */
export function iconName(state: OverallState, platform: NodeJS.Platform): string {
  return `tray-${state.replace(' ', '-')}${platform === 'darwin' ? 'Template' : ''}.png`;
}

/** The icon in the bar, and its menu. */
export class AppTray implements Disposable {
  readonly #options: AppTrayOptions;
  readonly #tray: Tray;
  /** What is shown, to change nothing where nothing changed: Linux closes an open menu when it is set. */
  #shown = { icon: '', words: '', menu: '' };
  #timer: Timer | undefined;

  constructor(options: AppTrayOptions) {
    this.#options = options;
    this.#tray = new Tray(this.#image('idle'));
    if (options.platform !== 'linux') {
      this.#tray.on('click', () => options.onClick(this.#tray.getBounds()));
      this.#tray.on('right-click', () => this.#tray.popUpContextMenu(this.#menu()));
    }
    this.#draw();
  }

  /** Something changed: it is drawn soon, with what else changes until then. */
  changed(): void {
    this.#timer ??= this.#options.clock.after(redrawMs, () => {
      this.#timer = undefined;
      this.#draw();
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#tray.destroy();
  }

  #draw(): void {
    const snapshot = this.#options.snapshot();
    const icon = overallState(snapshot.now);
    if (icon !== this.#shown.icon) this.#tray.setImage(this.#image(icon));
    const words = `Sallyport · ${overallWords(snapshot.now)}`;
    if (words !== this.#shown.words) this.#tray.setToolTip(words);
    // Elsewhere it is made when it is asked for.
    const menu = this.#options.platform === 'linux' ? JSON.stringify(trayMenu(snapshot)) : '';
    if (menu !== this.#shown.menu) this.#tray.setContextMenu(this.#menu());
    this.#shown = { icon, words, menu };
  }

  #menu(): Menu {
    const { snapshot, perform } = this.#options;
    return Menu.buildFromTemplate(menuTemplate(trayMenu(snapshot()), perform));
  }

  #image(state: OverallState) {
    const { folder, platform } = this.#options;
    // The double size beside it (@2x) is found by its name.
    return nativeImage.createFromPath(join(folder, iconName(state, platform)));
  }
}
