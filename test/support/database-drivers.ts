import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Login, programEnv } from './debian-postgres.ts';

/**
 * Drivers of other languages, each at one version whose bytes are known: from PyPI and from Maven Central, once for each checkout. Every program prints
 * a line for each thing that it has seen to work, and fails at the first that does not.
 */

const run = promisify(execFile);
const programTimeoutMs = 120_000;
const installTimeoutMs = 170_000;
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const cache = here('../../node_modules/.cache/sallyport-drivers');

const jar = {
  url: 'https://repo1.maven.org/maven2/org/postgresql/postgresql/42.7.14/postgresql-42.7.14.jar',
  sha256: '73914527305a40cce504b0d3d90b23caf565136912d607ae8ae7c5895512332c',
};

export const hasPython = works('/usr/bin/python3', '-c', 'import ensurepip, venv');
/** A program of one file is compiled when it starts, which takes a JDK. */
export const hasJava = works('javac', '-version') && works('java', '-version');

function works(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

/** Makes the drivers available; rejects where a registry is out of reach or gives other bytes. */
export async function installPythonDrivers(): Promise<void> {
  const requirements = here('clients/requirements.txt');
  const environment = await pythonEnvironment();
  const made = `${environment}/made`;
  if (await readFile(made).catch(() => undefined)) return;
  await rm(environment, { recursive: true, force: true });
  await run('/usr/bin/python3', ['-m', 'venv', environment], { timeout: installTimeoutMs });
  const options = [
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--only-binary=:all:',
    '--require-hashes',
  ];
  await run(`${environment}/bin/python`, ['-m', 'pip', 'install', ...options, '-r', requirements], {
    timeout: installTimeoutMs,
  });
  await writeFile(made, 'yes');
}

export async function installJdbc(): Promise<void> {
  if (await readFile(jarPath()).catch(() => undefined)) return;
  const response = await fetch(jar.url, { signal: AbortSignal.timeout(installTimeoutMs) });
  const bytes = Buffer.from(await response.arrayBuffer());
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== jar.sha256) throw new Error(`${jar.url} (${response.status}) has the SHA-256 ${sha256}`);
  await mkdir(cache, { recursive: true });
  await writeFile(`${jarPath()}.new`, bytes);
  await rename(`${jarPath()}.new`, jarPath());
}

export async function runPythonClient(driver: string, login: Login): Promise<string[]> {
  const python = `${await pythonEnvironment()}/bin/python`;
  return linesOf(python, [here('clients/python_clients.py'), driver], login);
}

export function runJdbcClient(login: Login): Promise<string[]> {
  return linesOf('java', ['-cp', jarPath(), here('clients/JdbcClient.java')], login);
}

async function linesOf(program: string, args: readonly string[], login: Login): Promise<string[]> {
  const { stdout } = await run(program, args, { timeout: programTimeoutMs, env: programEnv(login) });
  return stdout.trim().split('\n');
}

/** One for each list of drivers. */
async function pythonEnvironment(): Promise<string> {
  const requirements = await readFile(here('clients/requirements.txt'));
  return `${cache}/python-${createHash('sha256').update(requirements).digest('hex').slice(0, 16)}`;
}

function jarPath(): string {
  return `${cache}/postgresql-${jar.sha256.slice(0, 16)}.jar`;
}
