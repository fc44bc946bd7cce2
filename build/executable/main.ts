/**
 * Builds the self-contained `sallyport` into dist/executable/: the pinned Node's own binary with the program, its add-ons and its page in
 * it (https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html). For the machine that it is built on.
 */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject } from 'postject';
import { bundleExecutable, bundleParser } from './bundle-executable.ts';
import { nodeFlags } from './node-flags.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'dist/executable');
const { platform, arch } = process;
const executable = join(folder, platform === 'win32' ? 'sallyport.exe' : 'sallyport');
/** Node marks by it where the blob is to go (its own documentation). */
const sentinelFuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
const script = join(folder, 'sallyport.cjs');
const parser = join(folder, 'libpg-query.cjs');
const config = join(folder, 'sea-config.json');
const blob = join(folder, 'sallyport.blob');
await bundleExecutable(script);
await bundleParser(parser);
await writeFile(
  config,
  JSON.stringify({
    main: script,
    output: blob,
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    execArgv: nodeFlags,
    execArgvExtension: 'none',
    assets: { ...addons(), ...parserFiles(), ...(await page()) },
  }),
);
// With the same flags, as compiled code of other flags is refused.
await run(process.execPath, [...nodeFlags, '--experimental-sea-config', config]);
await copyFile(process.execPath, executable);
await chmod(executable, 0o755);
// A signature is of the binary as it was.
if (platform === 'darwin') await run('codesign', ['--remove-signature', executable]);
await inject(executable, 'NODE_SEA_BLOB', await readFile(blob), {
  sentinelFuse,
  ...(platform === 'darwin' && { machoSegmentName: 'NODE_SEA' }),
});
// For this machine; the packed app is signed as a whole.
if (platform === 'darwin') await run('codesign', ['--sign', '-', executable]);
await Promise.all([script, parser, config, blob].map((path) => rm(path)));
const { size } = await stat(executable);
process.stdout.write(`${relative(root, executable)}: ${(size / 1024 / 1024).toFixed(1)} MiB\n`);

/** The add-ons of this platform. The pinned Node is linked to glibc, so musl's are of no use. */
function addons(): Record<string, string> {
  const { resolve } = createRequire(import.meta.url);
  const koffi = createRequire(resolve('koffi')).resolve(`@koromix/koffi-${platform}-${arch}/package.json`);
  return {
    'koffi.node': join(dirname(koffi), `${platform}_${arch}`, 'koffi.node'),
    'keytar.node': join(
      dirname(resolve('keytar/package.json')),
      'prebuilds',
      `${platform}-${arch}`,
      'keytar.node',
    ),
  };
}

/** The SQL parser's module, which a thread of its own loads, and what that looks for beside itself. */
function parserFiles(): Record<string, string> {
  const { resolve } = createRequire(import.meta.url);
  return {
    'parser/libpg-query.cjs': parser,
    'parser/libpg-query.wasm': join(dirname(resolve('libpg-query')), 'libpg-query.wasm'),
  };
}

/** The built page, which the daemon serves to a browser; none in a build without one. */
async function page(): Promise<Record<string, string>> {
  const built = join(root, 'dist/renderer');
  const entries = await readdir(built, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.map'));
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [`page/${relative(built, path).replaceAll('\\', '/')}`, path];
    }),
  );
}
