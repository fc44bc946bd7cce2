import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Browser, Page } from 'playwright-core';
import { pathToPostgres } from '../support/postgres-programs.ts';

export interface Transcript extends AsyncDisposable {
  /** All that stands in the terminal. */
  readonly text: string;
  /** Types lines, each when the prompt is there. */
  ask(lines: readonly string[]): Promise<void>;
}

const prompt = /\n?\S+=[>#] $/;
const answerLimitMs = 30_000;

/** A real psql on a terminal of its own, started by a command as it was copied. */
export async function psqlTranscript(
  command: string,
  { ask: first }: { readonly ask: readonly string[] },
): Promise<Transcript> {
  const env = {
    ...process.env,
    PATH: pathToPostgres(),
    TERM: 'dumb',
    PSQLRC: '/dev/null',
    PSQL_HISTORY: '/dev/null',
    PSQL_PAGER: 'cat',
  };
  const child = spawn('script', ['-qfec', `${command} --no-readline`, '/dev/null'], { env });
  let said = '';
  let wake = () => {};
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk.replaceAll('\r', '');
    wake();
  });
  const until = async (isSaid: () => boolean) => {
    const limit = AbortSignal.timeout(answerLimitMs);
    while (!isSaid()) {
      limit.throwIfAborted();
      await new Promise<void>((resolve) => {
        wake = resolve;
        limit.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  };
  const prompted = () => until(() => prompt.test(said));
  const ask = async (lines: readonly string[]) => {
    for (const line of lines) {
      await prompted();
      const echoedAt = said.length + line.length + 1;
      child.stdin.write(`${line}\n`);
      await until(() => said.length >= echoedAt);
      await prompted();
    }
  };
  await ask(first);
  return {
    get text() {
      return `$ ${command}\n${said}`;
    },
    ask,
    async [Symbol.asyncDispose]() {
      const closed = once(child, 'close');
      child.kill();
      await closed;
    },
  };
}

/** A window that shows a text as terminals do. */
export async function terminalPage(
  browser: Browser,
  viewport: { readonly width: number; readonly height: number },
): Promise<AsyncDisposable & { readonly page: Page; show(text: string): Promise<void> }> {
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  await page.setContent(`<!doctype html><title>Terminal</title><style>
    body { margin: 0; height: 100vh; display: grid; grid-template-rows: 40px 1fr; background: #0f1514; color: #dde6e3; }
    header { display: flex; align-items: center; gap: 8px; padding: 0 16px; background: #1b2523; border-bottom: 1px solid #27332f; font: 13px system-ui, sans-serif; color: #94a39f; }
    i { width: 12px; height: 12px; border-radius: 50%; background: #27332f; }
    span { margin-left: 8px; }
    pre { margin: 0; padding: 20px 24px; font: 14px/22px "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
    pre::after { content: ''; display: inline-block; width: 8px; height: 17px; margin-left: 1px; vertical-align: -3px; background: #57b8ad; }
  </style><header><i></i><i></i><i></i><span>Terminal</span></header><pre></pre>`);
  return {
    page,
    show: (text) =>
      page.locator('pre').evaluate((element, shown) => {
        element.textContent = shown;
      }, text),
    [Symbol.asyncDispose]: () => context.close(),
  };
}
