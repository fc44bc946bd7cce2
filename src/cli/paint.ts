import pc from 'picocolors';
import { stateGlyph } from '../contract/shown-state.ts';
import type { ShownState } from '../contract/tunnel-state.ts';
import type { Cli, Output } from './cli.ts';

export type Colors = ReturnType<typeof pc.createColors>;

/** Colour on a terminal alone, and not where NO_COLOR is set (https://no-color.org). */
export function colorsFor(output: Output, { env }: Pick<Cli, 'env'>): Colors {
  return pc.createColors(output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb');
}

export function paintedGlyph(shown: ShownState, colors: Colors): string {
  return paintState(shown, stateGlyph[shown], colors);
}

/** Never colour alone: the text carries the meaning. */
export function paintState(shown: ShownState, text: string, colors: Colors): string {
  switch (shown) {
    case 'ready':
      return colors.green(text);
    case 'connecting':
      return colors.blue(text);
    case 'waiting':
      return colors.yellow(text);
    case 'needs you':
      return colors.red(text);
    case 'off':
    case 'paused':
      return colors.gray(text);
  }
}
