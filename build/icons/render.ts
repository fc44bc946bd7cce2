import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';

const sources = fileURLToPath(new URL('.', import.meta.url));
/** Of a bar's icon, in its own pixels; beside it twice that for fine screens, found by its name. */
const traySize = { plain: 22, template: 16 };
const appSize = 1024;

/**
 * Renders the icons of the bar into a folder: coloured ones, and for macOS black ones, to which it gives its own colours by their name. The shape
 * alone tells the states apart.
 */
export async function renderTrayIcons(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const names = (await readdir(sources)).filter((name) => /^tray-.*\.svg$/.test(name));
  for (const name of names) {
    const svg = await readFile(join(sources, name), 'utf8');
    // Masks are white and black by name, and stay so.
    const black = svg.replaceAll(/#[0-9a-f]{6}/g, '#000000');
    const state = name.replace(/\.svg$/, '');
    for (const [scale, suffix] of [
      [1, ''],
      [2, '@2x'],
    ] as const) {
      await writeFile(join(folder, `${state}${suffix}.png`), png(svg, traySize.plain * scale));
      await writeFile(join(folder, `${state}Template${suffix}.png`), png(black, traySize.template * scale));
    }
  }
}

/** The app's own icon, from which the packager makes those of each platform. */
export async function renderAppIcon(path: string): Promise<void> {
  await writeFile(path, png(await readFile(join(sources, 'app.svg'), 'utf8'), appSize));
}

function png(svg: string, width: number): Uint8Array {
  return new Resvg(svg, { fitTo: { mode: 'width', value: width } }).render().asPng();
}
