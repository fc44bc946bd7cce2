import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);

it('hot code of a daemon is compiled from the first client on, not before', async () => {
  const module = JSON.stringify(fileURLToPath(new URL('hot-code.ts', import.meta.url)));
  // The bits of %GetOptimizationStatus for Maglev's and TurboFan's code (V8, runtime.h).
  const script = `
    const { compileHotCode, compileNothing } = await import(${module});
    compileNothing();
    function hot(n) { let sum = 0; for (let i = 0; i < n; i++) sum = (sum * 31 + i) | 0; return sum; }
    const isCompiled = () => {
      for (let turn = 0; turn < 2_000; turn++) {
        hot(10_000);
        if (%GetOptimizationStatus(hot) & (1 << 4 | 1 << 5)) return true;
      }
      return false;
    };
    const before = isCompiled();
    compileHotCode();
    console.log(JSON.stringify({ before, after: isCompiled() }));`;
  const words = [
    '--no-concurrent-recompilation',
    '--allow-natives-syntax',
    '--input-type=module',
    '-e',
    script,
  ];
  const { stdout } = await run(process.execPath, words);
  expect(JSON.parse(stdout)).toEqual({ before: false, after: true });
});
