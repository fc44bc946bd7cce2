import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { commonOptions, programOptions } from '../bundle-options.ts';
import { renderTrayIcons } from '../icons/render.ts';
import type { Publisher } from './publisher.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What goes into the app's archive: bundles, so that no package of node_modules does. */
export const desktopFolder = join(root, 'dist/desktop');

const options = {
  ...commonOptions,
  format: 'cjs',
  // Electron 45 has Node 24.
  target: 'node24',
  sourcemap: false,
  absWorkingDir: root,
  alias: programOptions.alias,
} as const satisfies BuildOptions;

/** Bundles main and preload, with the built page and the icons beside them. Throws where the page is not built. */
export async function bundleDesktop(publisher: Publisher | undefined): Promise<void> {
  await rm(desktopFolder, { recursive: true, force: true });
  await mkdir(desktopFolder, { recursive: true });
  await build({
    ...options,
    entryPoints: { main: join(root, 'electron/main.ts') },
    outdir: desktopFolder,
    outExtension: { '.js': '.cjs' },
    external: ['electron'],
  });
  // In its sandbox a preload can load electron and nothing else.
  await build({
    ...options,
    entryPoints: { preload: join(root, 'electron/preload.ts') },
    outdir: desktopFolder,
    outExtension: { '.js': '.cjs' },
    external: ['electron'],
    platform: 'browser',
  });
  const page = join(root, 'dist/renderer');
  await stat(join(page, 'index.html')).catch(() => {
    throw new Error('dist/renderer has no index.html: build the page first');
  });
  await cp(page, join(desktopFolder, 'renderer'), {
    recursive: true,
    filter: (path) => !path.endsWith('.map'),
  });
  await renderTrayIcons(join(desktopFolder, 'icons'));
  const { version, description, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const manifest = {
    name: 'sallyport',
    productName: 'Sallyport',
    version,
    description,
    license,
    ...(publisher && {
      author: { name: publisher.name, email: publisher.email },
      homepage: publisher.homepage,
    }),
    main: 'main.cjs',
  };
  await writeFile(join(desktopFolder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}
