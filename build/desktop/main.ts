/**
 * Packs the desktop app for the platform that this runs on, into dist/packages/. `--dir` makes a folder that is not packed into an installer;
 * `--electron FOLDER` takes Electron from there and not from the network.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, Platform } from 'electron-builder';
import { renderAppIcon } from '../icons/render.ts';
import { builderConfigOf } from './builder-config.ts';
import { bundleDesktop } from './bundle-desktop.ts';
import { publisherOf, requirePublisher } from './publisher.ts';

const { values } = parseArgs({
  options: { dir: { type: 'boolean', default: false }, electron: { type: 'string' } },
});
const icons = fileURLToPath(new URL('../../dist/icons/', import.meta.url));

const publisher = publisherOf(process.env);
// Of what is made here for Linux, the deb.
if (!values.dir && process.platform === 'linux') requirePublisher(publisher);

await bundleDesktop(publisher);
await mkdir(icons, { recursive: true });
await renderAppIcon(join(icons, 'icon.png'));
const paths = await build({
  config: {
    ...builderConfigOf(publisher),
    ...(values.electron !== undefined && { electronDist: values.electron }),
  },
  targets: Platform.current().createTarget(values.dir ? 'dir' : null),
  publish: 'never',
});
for (const path of paths) process.stdout.write(`${path}\n`);
